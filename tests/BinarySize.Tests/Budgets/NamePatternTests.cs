using BinarySize.Budgets;

namespace BinarySize.Tests.Budgets;

public class NamePatternTests
{
    [Theory]
    [InlineData("Newtonsoft.Json", "newtonsoft.json", true), InlineData("System.*", "System.Text.Json", true), InlineData("System.*", "System", false)]
    [InlineData("*Json*", "Newtonsoft.Json", true), InlineData("A?C", "ABC", true), InlineData("A?C", "AC", false), InlineData("List`1", "List`1", true)]
    [InlineData("a\\b", "a\\b", true), InlineData("a\\b", "ab", false), InlineData("[x]", "[x]", true), InlineData("[x]", "x", false)]
    public void Names_match(string pattern, string name, bool expected) => Assert.Equal(expected, new NamePattern(pattern, isPath: false).Matches(name));

    [Theory]
    [InlineData("*.dll", "a.dll", true), InlineData("*.dll", "runtimes/linux-x64/native/a.dll", true), InlineData("runtimes/*", "runtimes/a", true)]
    [InlineData("runtimes/*", "runtimes/a/b", false), InlineData("runtimes/**", "runtimes/a/b", true), InlineData("**/native/*.so", "runtimes/x/native/l.so", true)]
    [InlineData("**/native/*.so", "native/l.so", true), InlineData("**/native/*.so", "native/x/l.so", false), InlineData("a/**/b/**/c", "a/x/b/y/z/c", true)]
    [InlineData("a/**/b/**/c", "a/x/b/y/z/d", false), InlineData("**", "a/b/c", true), InlineData("a/b", "a/b/c", false), InlineData("a/b/c", "a/b", false)]
    [InlineData("lib\\net10.0\\*.dll", "lib/net10.0/X.dll", true), InlineData("lib/net10.0/*.dll", "lib/net9.0/X.dll", false)]
    public void Paths_match(string pattern, string path, bool expected) => Assert.Equal(expected, new NamePattern(pattern, isPath: true).Matches(path));

    [Fact(Timeout = 10_000)]
    public async Task A_pattern_made_to_be_slow_is_not()
    {
        await Task.Yield();
        string name = string.Concat(Enumerable.Repeat("a/", 300)) + "b";
        Assert.False(new NamePattern(string.Concat(Enumerable.Repeat("**/a/", 60)) + "c", isPath: true).Matches(name));
        Assert.False(new NamePattern(string.Concat(Enumerable.Repeat("*a", 60)) + "c", isPath: false).Matches(new string('a', 2000)));
    }
}
