"""SmokeTest: golden images through the endpoint before anybody else's."""
