using System.Text;
using BinarySize.Rendering;
using BinarySize.Rendering.Ci;

namespace BinarySize.Tests.Rendering.Ci;

public sealed class SharedFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bsz").FullName;

    private string Summary => Path.Combine(_folder, "summary.md");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string? Append(string path, string text, string shorter = "") => SharedFile.Append(new CiAppend(path, text, shorter, MarkdownReport.MaxBytes));

    [Fact]
    public void What_others_wrote_stays_and_ends_its_line()
    {
        File.WriteAllText(Summary, "before");
        Assert.Null(Append(Summary, "size\n"));
        Assert.Null(Append(Summary, "after\n"));
        Assert.Equal("before\nsize\nafter\n", File.ReadAllText(Summary));
    }

    [Fact]
    public void It_never_grows_beyond_what_GitHub_takes()
    {
        int failures = 0;
        CiMessage message = CiMessage.Of(Attacks.Report(), []);
        for (int i = 0; i < 60; i++)
        {
            string? failure = i % 3 == 0 ? Append(Summary, new string('x', 100_000) + "\n") : Append(Summary, message.Summary, message.Comment);
            if (failure is not null) failures++;
        }
        Assert.InRange(new FileInfo(Summary).Length, MarkdownReport.MaxBytes - 100_000, 1024 * 1024);
        Assert.True(failures > 0);
        string text = File.ReadAllText(Summary);
        Assert.Equal(text.Split("\n<details>").Length, text.Split("\n</details>").Length);
    }

    [Fact]
    public void Where_the_whole_has_no_room_the_shorter_one_stands_for_it_and_then_a_notice()
    {
        string text = new('l', 1000), shorter = new('s', 300);
        Assert.Null(SharedFile.Append(new CiAppend(Summary, text, shorter, 1500)));
        Assert.Contains("1,000 bytes has no room", SharedFile.Append(new CiAppend(Summary, text, shorter, 1500)), StringComparison.Ordinal);
        Assert.Equal(text + "\n" + shorter, File.ReadAllText(Summary));
        Assert.NotNull(SharedFile.Append(new CiAppend(Summary, text, shorter, 1500)));
        Assert.EndsWith("s\n_A size report of 1,000 bytes is left out: there is no room for it in this summary._\n", File.ReadAllText(Summary), StringComparison.Ordinal);
        Assert.NotNull(SharedFile.Append(new CiAppend(Summary, text, shorter, 1400)));
        Assert.InRange(new FileInfo(Summary).Length, 1300, 1400);
    }

    [Fact]
    public async Task Projects_that_are_built_at_the_same_time_do_not_mix()
    {
        string?[] failures = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => Append(Summary, new string((char)('a' + i), 5000) + "\n"))));
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
        Assert.Contains("could not be added", Append(path, "x"), StringComparison.Ordinal);

    [Fact]
    public void A_full_file_is_left_alone()
    {
        File.WriteAllBytes(Summary, Encoding.ASCII.GetBytes(new string('x', 1024 * 1024)));
        Assert.NotNull(Append(Summary, "size\n"));
        Assert.Equal(1024 * 1024, new FileInfo(Summary).Length);
    }
}
