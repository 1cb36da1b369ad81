"""The bank of wrong models: copies of the model that differ from it in one place."""

from tests.mutation.model_mutants.broker import BROKER
from tests.mutation.model_mutants.consumer import POPPING
from tests.mutation.model_mutants.flatbuffers import FLATBUFFERS
from tests.mutation.model_mutants.handles import LIFECYCLE, STATISTICS
from tests.mutation.model_mutants.producer import PUSHING, RESERVING
from tests.mutation.model_mutants.values import VALUES

MODEL_MUTANTS = (*VALUES, *BROKER, *PUSHING, *RESERVING, *POPPING, *LIFECYCLE, *STATISTICS, *FLATBUFFERS)
"""Each broken in the rules that it is tagged with."""
