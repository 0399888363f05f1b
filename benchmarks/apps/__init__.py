"""What the peers' worker processes load: their applications, made from the environment."""
