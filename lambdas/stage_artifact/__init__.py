"""StageArtifact: copy the candidate's archive to its immutable key."""
