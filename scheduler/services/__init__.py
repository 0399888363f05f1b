"""Writes: one public function a transition."""
