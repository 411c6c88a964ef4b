using System.Text;
using BinarySize.Rendering;

namespace BinarySize.Tests.Rendering;

public sealed class GitHubSummaryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bsz").FullName;

    private string Summary => Path.Combine(_folder, "summary.md");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_others_wrote_stays_and_ends_its_line()
    {
        File.WriteAllText(Summary, "before");
        Assert.Null(GitHubSummary.Append(Summary, SampleReport.Make()));
        Assert.Equal("before\n" + MarkdownReport.Render(SampleReport.Make()), File.ReadAllText(Summary));
        Assert.Null(GitHubSummary.Append(Summary, "after\n"));
        Assert.EndsWith(">\n\nafter\n", File.ReadAllText(Summary), StringComparison.Ordinal);
    }

    [Fact]
    public void It_never_grows_beyond_what_GitHub_takes()
    {
        int failures = 0;
        for (int i = 0; i < 60; i++)
        {
            string? failure = i % 3 == 0 ? GitHubSummary.Append(Summary, new string('x', 100_000) + "\n") : GitHubSummary.Append(Summary, Attacks.Report());
            if (failure is not null) failures++;
        }
        Assert.InRange(new FileInfo(Summary).Length, GitHubSummary.MaxBytes - 100_000, 1024 * 1024);
        Assert.True(failures > 0);
        string text = File.ReadAllText(Summary);
        Assert.Equal(text.Split("\n<details>").Length, text.Split("\n</details>").Length);
    }

    [Fact]
    public async Task Projects_that_are_built_at_the_same_time_do_not_mix()
    {
        string?[] failures = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => GitHubSummary.Append(Summary, new string((char)('a' + i), 5000) + "\n"))));
        Assert.All(failures, Assert.Null);
        string[] lines = File.ReadAllLines(Summary);
        Assert.Equal(16, lines.Distinct().Count());
        Assert.All(lines, l => Assert.Equal(new string(l[0], 5000), l));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/proc/nothing/here")]
    [InlineData("/")]
    public void What_cannot_be_written_is_a_message(string path) =>
        Assert.Contains("could not be added", GitHubSummary.Append(path, "x"), StringComparison.Ordinal);

    [Fact]
    public void A_full_file_is_left_alone()
    {
        File.WriteAllBytes(Summary, Encoding.ASCII.GetBytes(new string('x', 1024 * 1024)));
        Assert.NotNull(GitHubSummary.Append(Summary, SampleReport.Make()));
        Assert.NotNull(GitHubSummary.Append(Summary, "x"));
        Assert.Equal(1024 * 1024, new FileInfo(Summary).Length);
    }
}
