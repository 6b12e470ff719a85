/* listing.c - ask the hub what a repository holds, and what each file is
 *
 *      GET api/models/ORG/NAME/revision/main
 *      ┌───────────────────────────────────────────┐
 *      │ { "sha": "fe8a4ea1…",                     │ one commit
 *      │   "siblings": [                           │
 *      │     { "rfilename": "config.json" },       │ kept
 *      │     { "rfilename": "README.md" },         │ not needed
 *      │     { "rfilename": "model.safetensors" }, │ kept
 *      │     … ] }                                 │
 *      └───────────────────────────────────────────┘
 *      HEAD ORG/NAME/resolve/fe8a4ea1…/model.safetensors
 *        X-Linked-ETag, X-Linked-Size, X-Repo-Commit       checksum, size, the same commit
 *
 * All files are asked for at the one commit that the list named: if the authors publish
 * a new version in between, its files do not get mixed with the old ones.
 *
 * Corners: the list comes from a stranger. It is at most 8 MB of JSON; a name in it that
 * would leave the folder refuses all of it, for a server that sends one such name is not
 * to be believed in the others. A repository that has only pytorch_model.bin holds
 * pickled Python, which can run programs when it is read; we do not. Who asks for a
 * revision that is not there is told which ones are.
 *
 * Source: huggingface.co's API. Read next: plan.c.
 */
#include "weights-tools/hub/listing.h"

#include <stdio.h>          /* snprintf                                      */
#include <string.h>         /* strcmp, strstr                                */

#include "files/json.h"
#include "weights-tools/hub/curl.h"

#define LIST_BYTES ((size_t)8 << 20)
#define MOST_FILES 1000             /* of one model                          */

/* What the hub has instead of a revision that it lacks: one more question, whose
 * failure changes nothing. names: branches. */
static void add_revisions(const Parcel *parcel, const Settings *settings, Error *error)
{
    char url[URL_LENGTH], shown[JSON_SHOWN], said[sizeof error->text];
    JsonDocument list;
    Text body = {0}, some = {0};
    Answer answer;
    Error none = {0};
    int count = 0;

    memcpy(said, error->text, sizeof said);
    snprintf(url, sizeof url, "%s/api/models/%s/refs", settings->endpoint,
             parcel->name.repository);
    if (curl_ask_patiently(&answer, &(Question){ .settings = settings, .url = url },
                           &body, LIST_BYTES, &none)
        && answer.status == 200
        && json_parse(&list, body.bytes, body.length, JSON_PLAIN, JSON_DEPTH, &none)) {
        const Json *branches = json_get(list.root, "branches");

        for (const Json *b = json_is(branches, JSON_ARRAY) ? branches->child : NULL;
             b != NULL; b = b->next) {
            const Json *name = json_get(b, "name");

            if (json_is(name, JSON_STRING) && count++ < 6)
                text_print(&some, "%s%s", some.length > 0 ? ", " : "",
                           json_show(shown, name->text, name->length));
        }
        json_free(&list);
    }
    if (count > 0)
        error_code(error, error->code, "%.300s; it has %d: %.400s%s", said, count, some.bytes,
                   count > 6 ? ", …" : "");
    if (count > 0 && strncmp(parcel->name.repository, "EleutherAI/pythia", 17) == 0)
        error_code(error, error->code, "%.300s; a Pythia has main, step0, step1, step2, "
                   "step4 … step512, and step1000, step2000 … step143000", said);
    text_free(&some);
    text_free(&body);
}

/* ---- one model: its list, and each file's head */

/* Which files: from the list's siblings. Errors: a name that leaves the folder; no
 * model's files. */
static bool choose(const char **files, Parcel *parcel, const Json *root, Arena *arena,
                   Error *error)
{
    const Json *siblings = json_get(root, "siblings");
    bool single = false, config = false, weights = false, pickle = false;
    char shown[JSON_SHOWN];

    if (!json_is(siblings, JSON_ARRAY))
        return error_code(error, EXIT_CRASH, "%s: the hub's list of files has no "
                          "\"siblings\"", parcel->name.repository);
    for (const Json *s = siblings->child; s != NULL; s = s->next) {
        const Json *name = json_get(s, "rfilename");

        if (!json_is(name, JSON_STRING) || strlen(name->text) != name->length
            || !hubname_is_path(name->text))
            return error_code(error, EXIT_CRASH, "%s: the hub's list holds \"%s\", which is "
                              "no name of a file inside a folder: nothing is fetched",
                              parcel->name.repository, json_is(name, JSON_STRING)
                              ? json_show(shown, name->text, name->length) : "?");
        single = single || strcmp(name->text, "model.safetensors") == 0;
        pickle = pickle || strstr(name->text, "pytorch_model") != NULL;
    }
    for (const Json *s = siblings->child; s != NULL; s = s->next) {
        const char *name = json_get(s, "rfilename")->text;

        if (!hubname_is_needed(name, single))
            continue;
        if (parcel->count == MOST_FILES)
            return error_code(error, EXIT_CRASH, "%s has more than %d files of weights",
                              parcel->name.repository, MOST_FILES);
        config = config || strcmp(name, "config.json") == 0;
        weights = weights || hubname_is_weights(name);
        files[parcel->count++] = arena_text(arena, name, strlen(name));
    }
    if (config && weights)
        return true;
    return error_set(error, "%s at revision %s has no %s%s: it cannot be read here",
                     parcel->name.repository, parcel->name.revision,
                     config ? "model.safetensors" : "config.json",
                     config && pickle ? ", only pytorch_model.bin (pickled Python; its "
                     "page may offer a converted version under another revision)" : "");
}

/* From the list's text: commit and files. */
static bool read_list(const char **files, Parcel *parcel, const Text *body, Arena *arena,
                      Error *error)
{
    JsonDocument list;
    const Json *sha;
    bool fine;

    if (!json_parse(&list, body->bytes, body->length, JSON_PLAIN, JSON_DEPTH, error)) {
        error_where(error, "the hub's list of the files of %s", parcel->name.repository);
        error->code = EXIT_CRASH;
        return false;
    }
    sha = json_get(list.root, "sha");
    fine = json_is(sha, JSON_STRING) && hubname_is_commit(sha->text);
    if (!fine)
        error_code(error, EXIT_CRASH, "%s: the hub's list names no commit of 40 "
                   "hexadecimal digits", parcel->name.repository);
    else
        memcpy(parcel->commit, sha->text, sizeof parcel->commit);
    if (fine && hubname_is_commit(parcel->name.revision)
        && strcmp(parcel->name.revision, parcel->commit) != 0)
        fine = error_code(error, EXIT_CRASH, "%s: the hub answers for commit %s, and %s "
                          "was asked for", parcel->name.repository, parcel->commit,
                          parcel->name.revision);
    fine = fine && choose(files, parcel, list.root, arena, error);
    json_free(&list);
    return fine;
}

const char **listing_ask(Parcel *parcel, const Settings *settings, Arena *arena,
                         Error *error)
{
    const char **files = arena_get(arena, MOST_FILES * sizeof *files);
    char url[URL_LENGTH], revision[3 * HUBNAME_LENGTH + 1];
    Text body = {0};
    Answer answer;
    bool fine;

    must(url_encode(revision, sizeof revision, parcel->name.revision, ""), "room");
    snprintf(url, sizeof url, "%s/api/models/%s/revision/%s", settings->endpoint,
             parcel->name.repository, revision);
    fine = curl_ask_patiently(&answer, &(Question){ .settings = settings, .url = url },
                              &body, LIST_BYTES, error);
    if (fine && answer.status != 200) {
        fine = answer_refuse(&answer, &parcel->asked, error);
        if (strcmp(answer.code, "RevisionNotFound") == 0)
            add_revisions(parcel, settings, error);
    }
    fine = fine && read_list(files, parcel, &body, arena, error);
    text_free(&body);
    return fine ? files : NULL;
}

bool listing_head(Piece *piece, const Parcel *parcel, const Settings *settings,
                  Error *error)
{
    Asked asked = parcel->asked;
    const char *checksum;
    Answer answer;

    asked.file = piece->file;
    if (!curl_ask_patiently(&answer, &(Question){ .settings = settings, .head = true,
                            .url = piece->url }, NULL, 0, error))
        return false;
    if (answer.status != 200 && !answer_is_redirect(&answer))
        return answer_refuse(&answer, &asked, error);
    checksum = answer_checksum(&answer);
    piece->size = answer_size(&answer);
    if (!hubname_is_checksum(checksum))
        return error_code(error, EXIT_CRASH, "%s: %s: the server gives \"%.80s\" as its "
                          "checksum, which is none (40 or 64 hexadecimal digits): nothing "
                          "could be verified, so nothing is fetched",
                          parcel->name.repository, piece->file, checksum);
    if (answer.commit[0] != '\0' && strcmp(answer.commit, parcel->commit) != 0)
        return error_code(error, EXIT_CRASH, "%s: %s: the server answers for commit %.40s, "
                          "and %s was asked for", parcel->name.repository, piece->file,
                          answer.commit, parcel->commit);
    if (piece->size < 0)
        return error_code(error, EXIT_CRASH, "%s: %s: the server does not say how large it "
                          "is", parcel->name.repository, piece->file);
    memcpy(piece->checksum, checksum, strlen(checksum) + 1);
    return true;
}
