"""StageArtifact: the candidate's archive at its immutable key."""
