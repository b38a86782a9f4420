"""An Azure DevOps organisation as its REST APIs show it: core, work and work item tracking."""
