"""What happens with sinks: one public function a transition."""
