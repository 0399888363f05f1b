"""Planning, applying and exporting."""
