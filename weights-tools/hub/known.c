/* known.c - what can be fetched by a short name
 *
 *      name ──► about so many bytes, under this licence, and what it is good for
 *               (the repository behind it: decode/modelname.c)
 *
 * A person who types `download` alone wants to choose, and should know before choosing
 * how much will come and what may be done with it. The sizes are those of the files that
 * are needed here; the exact ones are asked for before anything is fetched. A licence is
 * named, not explained: its text is on the model's page.
 *
 *      draft       a small model that shares its vocabulary with a larger one, and
 *                  proposes tokens for it
 *      gated       its page must be opened, and its terms accepted, once
 *
 * Any other model that is published in the same layout can be fetched too, by its name
 * on the hub: org/name, or org/name@revision for a certain version of it.
 *
 * Read next: plan.c.
 */
#include "weights-tools/hub/plan.h"

const KnownDownload known_downloads[] = {
    { "smollm2-135m", 272000000, "Apache-2.0", "the smallest one that chats" },
    { "tinyllama", 2202000000, "Apache-2.0", "1.1 billion parameters, chats" },
    { "llama3.2-1b", 2481000000, "Llama 3.2 Community License, gated",
      "1.2 billion, chats" },
    { "stablelm-1.6b", 3295000000, "Stability AI's own, see its page", "1.6 billion" },
    { "pythia-1b", 2093000000, "Apache-2.0", "1 billion; 154 revisions of its training" },
    { "llama-68m-chat", 274000000, "Apache-2.0", "draft of tinyllama" },
    { "llama-160m", 652000000, "Apache-2.0", "draft of tinyllama, larger" },
    { "pythia-70m", 168000000, "Apache-2.0", "draft of pythia-1b" },
    { "pythia-160m", 377000000, "Apache-2.0", "draft of pythia-1b, larger" },
    { "mmlu", 166184960, "MIT", "14,042 questions with four answers each" },
    { "humaneval", 44877, "MIT", "164 small programs to write" },
    { NULL, 0, NULL, NULL },
};
