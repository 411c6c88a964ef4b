using System.Runtime.Versioning;
using BinarySize.Shrinking;

namespace BinarySize.Tests.Shrinking;

/// <summary>The project's own command, run by the real shell.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class VerifyCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bsz verify's").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private CheckResult Check(string command, string path, double seconds = 20) =>
        new VerifyCommand(command, new ToolOptions { WorkingDirectory = _folder, Timeout = TimeSpan.FromSeconds(seconds) }).Check(path, TestContext.Current.CancellationToken);

    [Theory]
    [InlineData("{artifact} one two")]
    [InlineData("\"{artifact}\" one two")]
    [InlineData("'{artifact}' one two")]
    [InlineData("test -x {artifact} && {artifact} one two | grep -q 'one two'")]
    public void A_path_with_blanks_and_quotes_stays_one_word(string command)
    {
        string program = Path.Combine(_folder, "it's a tool");
        File.WriteAllText(program, "#!/bin/sh\necho \"$@\"\ntest $# = 2\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.True(Check(command, program).Passed);
        Assert.False(Check(command.Replace(" one two", " one", StringComparison.Ordinal), program).Passed);
    }

    [Fact]
    public void A_plain_path_can_stand_inside_of_quotes() => Assert.True(Check("sh -c 'test -e {artifact}'", "/bin/sh").Passed);

    [Fact]
    public void What_it_said_last_is_told()
    {
        CheckResult failed = Check("echo first; echo wrong >&2; exit 3", "/bin/sh");
        Assert.False(failed.Passed);
        Assert.Contains("exit code 3", failed.Detail, StringComparison.Ordinal);
        Assert.Contains("wrong", failed.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_ended_when_it_takes_too_long()
    {
        CheckResult late = Check("sleep 60; true", "/bin/sh", 0.3);
        Assert.False(late.Passed);
        Assert.Contains("did not end within", late.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_that_it_names_is_part_of_its_key()
    {
        var command = new VerifyCommand("./smoke.sh {artifact}", new ToolOptions { WorkingDirectory = _folder });
        string without = command.Key;
        File.WriteAllText(Path.Combine(_folder, "smoke.sh"), "exit 0");
        string with = command.Key;
        File.WriteAllText(Path.Combine(_folder, "smoke.sh"), "exit 10");
        Assert.Equal(3, new HashSet<string> { without, with, command.Key }.Count);
    }
}
