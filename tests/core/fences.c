/* Which fences this build uses here: "asymmetric" or "full". */
#include "seam.h"

#include <stdio.h>

int main(void) { return puts(seam_asymmetric ? "asymmetric" : "full") == EOF; }
