"""SeedPrefix: a custom resource that keeps one object below a prefix that a service refuses to find empty."""
