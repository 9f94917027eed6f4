"""PlanRun: from an execution's input to the plan that every later state reads."""
