/* What is still to be explored: graphs that wait on a stack, the one to do next on top. */
#ifndef WM_SUBTREES_H
#define WM_SUBTREES_H

#include "graph.h"

void subtrees_start(uint64_t seed);
uint32_t subtrees_waiting(void);
/* A child of run.graph, kept as a copy. */
void subtrees_add_child(const graph *g);
uint32_t subtrees_children(void);
/* One of them becomes run.graph. The others wait, but above the prefix, or where it was chosen by chance, they are
 * dropped. false: the prefix names one that there is not. */
bool subtrees_take_child(void);
/* Into run.graph: the newest, or the oldest. */
void subtrees_next(bool oldest);

#endif
