"""SmokeTest: golden images through the endpoint before a version is published."""
