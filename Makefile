# Makefile - build ./run and everything around it
#
#   make            ./run, optimized: the engine, the commands, the lessons
#   make debug      build/debug/run: -O0 -g, the very same bits, for a debugger
#   make test       style check and all quick tests (needs only a C compiler)
#   make help       the rest
#
# Knobs: CC=clang  THREADS=openmp|posix|none  OPT=-O2  BUILD=folder

CC      = cc
OPT     = -O3
BUILD   = build
PREFIX  = /usr/local
THREADS = $(shell echo 'int main(void){return 0;}' | $(CC) -fopenmp -x c - \
            -o /dev/null 2>/dev/null && echo openmp || echo posix)

WARN    = -Wall -Wextra -Wpedantic -Wshadow -Wconversion
# No contraction: a * b + c is fused only where the source says fma.
CFLAGS  = -std=c11 -g $(OPT) -ffp-contract=off $(WARN) $(EXTRA) \
          -D_GNU_SOURCE -Isrc -I. -MMD -MP
LDLIBS  = -lm
ifeq ($(THREADS),openmp)
CFLAGS += -fopenmp -DTHREADS_OPENMP
LDFLAGS += -fopenmp
else ifeq ($(THREADS),posix)
CFLAGS += -pthread -DTHREADS_POSIX
LDFLAGS += -pthread
endif

SRC     = $(sort $(wildcard src/*/*.c))
DRIVER  = $(sort $(wildcard chapters/*.c chapters/commands/*.c))
TESTS   = $(sort $(wildcard tests/*/test_*.c))

OBJECTS = $(SRC:%.c=$(BUILD)/%.o)
SUITES  = $(notdir $(TESTS:%.c=%))

all: run

run: $(BUILD)/run
	@cp $< $@

$(BUILD)/run: $(DRIVER:%.c=$(BUILD)/%.o) $(BUILD)/libbillion.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libbillion.a: $(OBJECTS)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

$(BUILD)/tests/%.o: CFLAGS += -Itests -I$(BUILD)/tests

$(BUILD)/tests/suites.inc: $(TESTS) Makefile
	@mkdir -p $(@D)
	@printf 'SUITE(%s)\n' $(SUITES:test_%=%) > $@

$(BUILD)/tests/test.o: $(BUILD)/tests/suites.inc

$(BUILD)/test: $(BUILD)/tests/test.o $(TESTS:%.c=$(BUILD)/%.o) $(BUILD)/libbillion.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

debug:
	@$(MAKE) --no-print-directory BUILD=build/debug OPT=-O0 build/debug/run

.PHONY: all debug
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
