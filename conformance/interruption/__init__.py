"""A handler, a finaliser, another thread or refused memory, at every point of a call where one can come."""
