/* test_jinja.c - which spellings of a template are one program
 *
 * Expected: what Jinja 3.1 makes of both, with trim_blocks and lstrip_blocks, as
 * transformers sets them. tests/oracle/chat_templates.py asks it again, and about
 * many more. */
#include "test.h"
#include "text/jinja.h"

static void normal(Text *out, const char *source)
{
    *out = (Text){0};
    expect(jinja_normal(out, source));
}

static void compare(const char *a, const char *b, bool same)
{
    Text x, y;

    normal(&x, a);
    normal(&y, b);
    if ((strcmp(x.bytes, y.bytes) == 0) != same)
        test_fail(__FILE__, __LINE__, "%s\nand\n%s\nare %s, but got\n%s\nand\n%s", a, b,
                  same ? "one program" : "two programs", x.bytes, y.bytes);
    text_free(&x);
    text_free(&y);
}

TEST(one_program_in_two_spellings)
{
    static const char *const pairs[][2] = {
        { "", "\n" },
        { "a", "{{ 'a' }}" },
        { "{{'a'}}", "{{ \"a\" }}" },
        { "{{ 'a' + 'b' }}", "a{{ 'b' }}" },
        { "{{ 'a' ~ x ~ 'b' }}", "{{ 'a' }}{{ x }}b" },
        { "{{ '' }}{{ x }}", "{{x}}" },
        { "{{ x['name'] }}", "{{ x.name }}" },
        { "{{ x[ \"name\" ][0] }}", "{{ x.name[0] }}" },
        { "{{ 'a\\n\\t\\r\\'\\\"\\\\' }}", "{{ \"a\n\t\" + '\\r' + \"'\" }}{{ '\"\\\\' }}" },
        { "{% if x %}\na\n{% endif %}\nb", "{%if x%}a\n{%endif%}b" },
        { "  {% if x %}a{% endif %}", "{% if x %}a{% endif %}" },
        { "{% if x %}\n\t {% endif %}", "{% if x %}{% endif %}" },
        { "a \n\n {%- if x -%} \n b{% endif %}", "a{% if x %}b{% endif %}" },
        { "a \n {{- x -}} \n b", "a{{ x }}b" },
        { "{# a\n#}\n{{ x }}", "{{ x }}" },
        { "a {#- {{ -#} b", "ab" },
        { "{% if x +%}\na{% endif %}", "{% if x %}{{ '\n' }}a{% endif %}" },
        { " {%+ if x %}a{% endif %}", "{{ ' ' }}{% if x %}a{% endif %}" },
        { "{{- x -}}\n  {% if x %}a{% endif %}", "{{ x }}{% if x %}a{% endif %}" },
        { "{{ x }}\r\n{{ y }}\r", "{{ x }}\n{{ y }}" },
        { "a\n", "a" },
        { "{ %} }} {a", "{{ '{ %} }} {a' }}" },
        { "{{ {'a': {}} }}", "{{{'a':{}}}}" },
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        compare(pairs[i][0], pairs[i][1], true);
}

TEST(what_writes_something_else_is_another)
{
    static const char *const pairs[][2] = {
        { "{{ x }} {{ y }}", "{{ x }}{{ y }}" },
        { "{{ x }}\n{{ y }}", "{{ x }}{{ y }}" },
        { " {{ x }}", "{{ x }}" },
        { "{{ x }} {% if x %}{% endif %}", "{{ x }}{% if x %}{% endif %}" },
        { "{% if x %} a{% endif %}", "{% if x %}a{% endif %}" },
        { "{% if x %}\n\n{% endif %}", "{% if x %}\n{% endif %}" },
        { "{{ ' a' }}", "{{ 'a' }}" },
        { "{{ 'x' }}", "{{ x }}" },
        { "{{ x.a }}", "{{ x.b }}" },
        { "{{ x | trim }}", "{{ x }}" },
        { "{{ (x + y) | trim }}", "{{ x + y | trim }}" },
        { "{{ xy }}", "{{ x }}{{ y }}" },
        { "{% if x == 'a' %}b{% endif %}", "{% if x == 'ab' %}{% endif %}" },
        { "{% if x %}a{% endif %}", "{% if not x %}a{% endif %}" },
        { "{% set a = x + y %}", "{% set a = x %}" },
        { "{% if x == 1 + 1 %}a{% endif %}", "{% if x == 1 ~ 1 %}a{% endif %}" },
        { "{{ (1 + 1) }}", "{{ (1 ~ 1) }}" },
        { "{{ x['a b'] }}", "{{ x.ab }}" },
        { "{{ x['a| trim'] }}", "{{ x.a | trim }}" },
        { "{{ x[a] }}", "{{ x['a'] }}" },
        { "a\n\n", "a" },
        { "{{ '\\\\n' }}", "{{ '\\n' }}" },
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        compare(pairs[i][0], pairs[i][1], false);
}

TEST(what_is_no_program)
{
    static const char *const sources[] = {
        "{{", "{{ x", "{% if x", "{# x", "{{ 'x }}", "{{ 'x\\", "{{ '\\x41' }}",
        "{{ x }", "{{ ( x }}", "{{-", "a\1", "{{ '\2' }}", "{{ x['a", "{{ x['\\",
    };

    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        Text text = {0};

        if (jinja_normal(&text, sources[i]))
            test_fail(__FILE__, __LINE__, "%s was taken", sources[i]);
        text_free(&text);
    }
}

/* Cut and broken at every place: an answer, whatever it is, and no crash. */
TEST(broken_at_every_byte)
{
    static const char source[] = "{%- for m in ms -%} {{- '<' + m['r'] ~ \"\\n\" | trim "
                                 "-}}\n {# c -#} {% endfor +%} x {{ f({'a': [1]}) }}";

    for (size_t at = 0; at < sizeof source - 1; at++)
        for (int c = 1; c < 256; c++) {
            char broken[sizeof source];
            Text text = {0};

            memcpy(broken, source, sizeof source);
            broken[at] = (char)c;
            jinja_normal(&text, broken);
            text_clear(&text);
            broken[at] = '\0';
            jinja_normal(&text, broken);
            text_free(&text);
        }
}

const Test jinja_tests[] = {
    { "one program in two spellings", one_program_in_two_spellings },
    { "what writes something else is another", what_writes_something_else_is_another },
    { "what is no program", what_is_no_program },
    { "broken at every byte", broken_at_every_byte },
    { NULL, NULL },
};
