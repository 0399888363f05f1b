"""Reads, for the API, the admin and the commands alike. Each public function says how many queries it makes."""
