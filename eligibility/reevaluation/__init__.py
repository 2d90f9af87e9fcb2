"""Whole registers determined twice: who enters, leaves, gains and loses, and what is owed for months already past.

Heavy packages are imported by the modules that need them; `plan` needs none.
"""
