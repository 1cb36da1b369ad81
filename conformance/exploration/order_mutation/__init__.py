"""Memory-order mutation: is every atomic access, fence and wake of the core necessary, at the order it has?"""
