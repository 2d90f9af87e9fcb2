"""Social-assistance eligibility: versioned rulesets, exact evaluation, determinations with reasons."""
