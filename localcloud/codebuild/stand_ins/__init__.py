"""Programs that stand in for a build's tools: they answer and fail as the real ones do, and build no layers."""
