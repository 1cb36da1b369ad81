"""The litmus suite through checkers that others wrote: python -m conformance.exploration.crosscheck"""
