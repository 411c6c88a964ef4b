// Source of the object files of make.sh: functions, data of every kind, exceptions, thread-locals, aliases.
extern "C" {
int initialised = 42;
int zeroed[16];
const char text[] = "read-only";
static int hidden = 7;
thread_local int local = 3;
int *pointer = &initialised;

int external(int);
__attribute__((noinline)) int leaf(int x) { return x * 3 + hidden; }
int caller(int x) { hidden += x; return leaf(x) + external(x) + local; }
extern int alias_of_caller(int) __attribute__((alias("caller")));
}

struct Guard {
    ~Guard() { zeroed[0]++; }
};

int guarded(int x)
{
    Guard g;
    return external(x);
}
