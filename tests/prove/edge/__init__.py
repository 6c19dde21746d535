"""The edge under load: a fleet of readers, and a daemon that is watched while it hears them."""
