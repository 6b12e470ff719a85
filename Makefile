# Makefile - build ./run and everything around it; `make help` says what there is
#
# Knobs: CC=clang  OPT=-O2  THREADS=openmp|posix|none  BUILD=folder  PREFIX=folder

CC      = cc
OPT     = -O3
BUILD   = build
PREFIX  = /usr/local
# Our own team of POSIX threads is as fast as OpenMP's on a quiet machine and many
# times faster on a busy one (src/base/parallel.c); openmp and none are other ways
# to the same bits.
THREADS = posix

WARN    = -Wall -Wextra -Wpedantic -Wshadow -Wconversion
# No contraction: a * b + c is fused only where the source says fma.
CFLAGS  = -std=c11 -g $(OPT) -ffp-contract=off $(WARN) $(EXTRA) \
          -D_GNU_SOURCE -Isrc -I. -MMD -MP
LDLIBS  = -lm
ifeq ($(THREADS),openmp)
CFLAGS  += -fopenmp -DTHREADS_OPENMP
override LDFLAGS += -fopenmp
else ifeq ($(THREADS),posix)
CFLAGS  += -pthread -DTHREADS_POSIX
override LDFLAGS += -pthread
endif

SRC     = $(sort $(wildcard src/*/*.c))
DRIVER  = $(sort $(wildcard chapters/*.c chapters/commands/*.c chapters/lesson/*.c \
            chapters/tours/*.c))
TESTS   = $(sort $(wildcard tests/*/test_*.c))
LIB     = $(BUILD)/libbillion.a
# Programs over weight files: weights-tools/NAME.c, and what they share in folders.
TOOLS   = $(filter-out unicode_tables,$(patsubst weights-tools/%.c,%,$(wildcard weights-tools/*.c)))
TOOLLIB = $(BUILD)/libtools.a

all: run tools
run: $(BUILD)/run
	@cp $< $@.part && mv $@.part $@

$(BUILD)/run: $(DRIVER:%.c=$(BUILD)/%.o) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(SRC:%.c=$(BUILD)/%.o)
$(TOOLLIB): $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard weights-tools/*/*.c)))
$(LIB) $(TOOLLIB):
	@rm -f $@ && ar rcs $@ $^

tools: $(TOOLS:%=$(BUILD)/weights-tools/%)      ## download, convert, inspect, quantize, synthesize: build/weights-tools/
$(BUILD)/weights-tools/%: $(BUILD)/weights-tools/%.o $(TOOLLIB) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.SECONDARY:                     # no object is forgotten when its program is made
$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

# ./run grade links answers with the library: with the same compiler.
$(BUILD)/chapters/commands/building.o $(BUILD)/tests/cli/test_surroundings.o: \
CFLAGS += -DCOMPILER='"$(CC)"'

debug:                  ## build/debug/run: -O0 -g, the very same bits
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/debug OPT=-O0 $(BUILD)/debug/run

# --- checks ------------------------------------------------------------------

$(BUILD)/tests/%.o: CFLAGS += -Itests -I$(BUILD)/tests

$(BUILD)/tests/suites.inc: $(TESTS) Makefile
	@mkdir -p $(@D)
	@printf 'SUITE(%s)\n' $(patsubst test_%,%,$(notdir $(TESTS:%.c=%))) > $@

$(BUILD)/tests/test.o: $(BUILD)/tests/suites.inc

# All but main: the tests of lessons call the driver's functions.
DRIVEN  = $(filter-out $(BUILD)/chapters/run.o,$(DRIVER:%.c=$(BUILD)/%.o))
$(BUILD)/test: $(BUILD)/tests/test.o $(TESTS:%.c=$(BUILD)/%.o) $(DRIVEN) $(TOOLLIB) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

test: all style $(BUILD)/test   ## style, then every quick test; T="rope json" runs suites
	@RUN=$(BUILD)/run $(BUILD)/test $(T)

style: $(LIB)           ## layers, budgets, lengths, essays, globals
	@CC="$(CC)" sh tests/style.sh $(LIB)

proof: all $(BUILD)/test        ## oracles, the bit matrix, sanitizers, fuzzers; FULL=1 for all
	@CC="$(CC)" FULL="$(FULL)" sh tests/proof.sh $(BUILD)

bench: $(BUILD)/bench $(BUILD)/bench_tokenizer   ## matrix products: GB/s, GFLOP/s; tokenizers: MB/s
	@$(BUILD)/bench
	@$(BUILD)/bench_tokenizer 5 $(firstword $(wildcard $(BILLION_DATA)/bench/wikitext2/wiki.test.raw) \
	  models/heldout/just-so-stories.txt) $(wildcard models/*/tokenizer.json $(BILLION_DATA)/models/*/tokenizer.json)
$(BUILD)/bench: $(BUILD)/tests/bench/bench_matmul.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(BUILD)/bench_tokenizer: $(BUILD)/tests/bench/bench_tokenizer.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

bench-speculative: $(BUILD)/bench_speculative   ## what guessing costs and brings; M=folder N=tokens
	@$(BUILD)/bench_speculative $(or $(M),models/storyteller) $(N)
$(BUILD)/bench_speculative: $(BUILD)/tests/bench/bench_speculative.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

RECORD  = $(BUILD)/bench-history.jsonl
bench-record: $(BUILD)/run      ## speeds of the models here, a line more in RECORD=F
	@$(BUILD)/run benchmark $(patsubst models/%/config.json,--model %,$(wildcard models/*/config.json)) \
	  --quantize none --quantize int8 --quantize int4 --record "$(RECORD)" \
	  --label "$$(git describe --always --dirty 2> /dev/null || echo unknown)"

example: $(BUILD)/example       ## src as a library: chapters/example/story.c
$(BUILD)/example: $(BUILD)/chapters/example/story.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

book: $(BUILD)/run $(BUILD)/weave       ## chapters and what they open, as one page: build/book/index.html
	@mkdir -p $(BUILD)/book
	@$(BUILD)/weave chapters/book/contents chapters/book/style.css $(BUILD)/run $(BUILD)/book/index.html
$(BUILD)/weave: $(patsubst %.c,$(BUILD)/%.o,$(wildcard chapters/book/*.c)) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Small programs that proofs and generators need.
$(BUILD)/tools/%: $(BUILD)/tests/tools/%.o $(LIB)
	@mkdir -p $(@D) && $(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# --- into the system -----------------------------------------------------------

NAME    = billion-llm
DEST    = $(DESTDIR)$(PREFIX)
SHARE   = $(DEST)/share
install: run tools      ## the programs, the man page, completions and tiny models into PREFIX
	install -d "$(DEST)/bin" "$(SHARE)/man/man1" "$(SHARE)/$(NAME)" \
	  "$(SHARE)/bash-completion/completions" "$(SHARE)/zsh/site-functions" \
	  "$(SHARE)/fish/vendor_completions.d"
	install run "$(DEST)/bin/$(NAME)"
	for tool in $(TOOLS); do \
	  install $(BUILD)/weights-tools/$$tool "$(DEST)/bin/$(NAME)-$$tool" || exit 1; done
	./run --man | sed 's|\./run |$(NAME) |g' > "$(SHARE)/man/man1/$(NAME).1"
	./run --completions bash > "$(SHARE)/bash-completion/completions/$(NAME)"
	./run --completions zsh > "$(SHARE)/zsh/site-functions/_$(NAME)"
	./run --completions fish > "$(SHARE)/fish/vendor_completions.d/$(NAME).fish"
	cp -R models "$(SHARE)/$(NAME)/"

clean:                  ## forget everything that was built
	rm -rf $(BUILD) run

help:                   ## this list
	@echo 'make             ./run and the tools over weight files, optimized'
	@sed -n 's/^\([a-z-]*\):.*## /make \1@/p' Makefile | awk -F@ '{ printf "%-17s %s\n", $$1, $$2 }'

.PHONY: all tools debug test style proof bench bench-speculative bench-record example book install clean help
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
