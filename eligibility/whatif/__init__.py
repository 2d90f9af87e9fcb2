"""What if: scenarios beside a case as it is, sweeps of one quantity, and the smallest change that would suffice."""
