using System.Diagnostics;
using BinarySize.Shrinking;

namespace BinarySize.Tests.Shrinking;

public class ExternalToolTests
{
    private static readonly CancellationToken s_never = CancellationToken.None;

    [Fact]
    public void A_program_is_found_by_name_by_path_or_not_at_all()
    {
        using var scratch = new Scratch();
        string tool = scratch.Script("some-tool", "exit 0");
        File.WriteAllText(scratch["no-program"], "");
        Assert.Equal("/bin/sh", ExternalTool.Find(["no-such-shell", "sh"], searchPath: "/bin", wellKnownPlaces: false));
        Assert.Equal(tool, ExternalTool.Find([], tool));
        Assert.Equal(tool, ExternalTool.Find(["other", "some-tool"], searchPath: $"/nowhere:{scratch.Path}"));
        Assert.Equal(tool, ExternalTool.Find([], "some-tool", searchPath: scratch.Path));
        Assert.Null(ExternalTool.Find(["some-tool"], "/nowhere/some-tool", searchPath: scratch.Path));
        Assert.Null(ExternalTool.Find([], scratch["no-program"]));
        Assert.Null(ExternalTool.Find([], scratch.Path));
        Assert.Null(ExternalTool.Find(["some-tool"], searchPath: ".:" + Path.GetRelativePath(Environment.CurrentDirectory, scratch.Path), wellKnownPlaces: false));
    }

    [Fact]
    public void Arguments_reach_the_program_as_they_are()
    {
        string[] words = ["a b", "$HOME", "`id`", "\"quoted\"", "'", "*", "", "-x;y"];
        ToolRun run = ExternalTool.Run("/usr/bin/printf", ["[%s]\\n", .. words], cancel: s_never);
        Assert.True(run.Succeeded);
        Assert.Equal(words.Select(w => $"[{w}]"), run.Output);
        foreach (string word in words) Assert.Equal([$"[{word}]"], ExternalTool.RunShell($"printf '[%s]\\n' {ExternalTool.Quote(word)}", cancel: s_never).Output);
    }

    [Fact]
    public void A_missing_program_is_a_result()
    {
        ToolRun run = ExternalTool.Run("/nowhere/tool", [], cancel: s_never);
        Assert.Equal(ToolEnd.NotStarted, run.End);
        Assert.False(run.Succeeded);
        Assert.Contains("/nowhere/tool", run.Describe(), StringComparison.Ordinal);
        using var scratch = new Scratch();
        File.WriteAllBytes(scratch["broken"], [0x7F, (byte)'E', (byte)'L', (byte)'F', 9, 9, 9, 9]);
        File.SetUnixFileMode(scratch["broken"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Equal(ToolEnd.NotStarted, ExternalTool.Run(scratch["broken"], [], cancel: s_never).End);
    }

    [Fact]
    public void The_last_lines_are_kept_and_no_more()
    {
        var options = new ToolOptions { MaxLines = 5 };
        ToolRun run = ExternalTool.RunShell("seq 1 100000; seq 1 100000 | tr '\\n' ' ' >&2; exit 3", options, s_never);
        Assert.Equal(3, run.ExitCode);
        Assert.Equal(["99996", "99997", "99998", "99999", "100000"], run.Output);
        Assert.Single(run.Errors);
        Assert.InRange(run.Errors[0].Length, 100, 1000);
        Assert.StartsWith("exit code 3: 1 2 3", run.Describe(), StringComparison.Ordinal);
        Assert.Equal(["one", "two"], ExternalTool.RunShell("printf 'one\\rtwo'", options, s_never).Output);
    }

    [Fact]
    public void Nobody_waits_for_input()
    {
        ToolRun run = ExternalTool.RunShell("cat; echo end", new ToolOptions { Timeout = TimeSpan.FromSeconds(20) }, s_never);
        Assert.Equal(["end"], run.Output);
    }

    [Fact]
    public void Too_long_is_ended_with_all_that_it_started()
    {
        using var scratch = new Scratch();
        long begin = Stopwatch.GetTimestamp();
        ToolRun run = ExternalTool.RunShell($"echo before; (sleep 5; touch '{scratch["late"]}') & sleep 5; touch '{scratch["late"]}'", new ToolOptions { Timeout = TimeSpan.FromMilliseconds(400) }, s_never);
        Assert.Equal(ToolEnd.TimedOut, run.End);
        Assert.Contains("before", run.Output);
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 0.3, 4.5);
        Thread.Sleep(TimeSpan.FromSeconds(5.5));
        Assert.Empty(scratch.Names);
    }

    [Fact]
    public void A_process_left_behind_does_not_hold_its_caller()
    {
        long begin = Stopwatch.GetTimestamp();
        ToolRun run = ExternalTool.RunShell("echo done; sleep 8 &", cancel: s_never);
        Assert.True(run.Succeeded);
        Assert.Equal(["done"], run.Output);
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 0, 6);
    }

    [Fact]
    public void Cancelling_ends_it()
    {
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        long begin = Stopwatch.GetTimestamp();
        Assert.ThrowsAny<OperationCanceledException>(() => ExternalTool.Run("/bin/sleep", ["20"], cancel: cancel.Token));
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 0.2, 5);
        Assert.ThrowsAny<OperationCanceledException>(() => ExternalTool.Run("/bin/true", [], cancel: cancel.Token));
    }

    [Fact]
    public void Its_folder_and_its_variables_are_given()
    {
        using var scratch = new Scratch();
        var options = new ToolOptions { WorkingDirectory = scratch.Path, Environment = new Dictionary<string, string?> { ["ADDED"] = "yes", ["HOME"] = null } };
        Assert.Equal([scratch.Path, "yes none"], ExternalTool.RunShell("pwd; echo $ADDED ${HOME-none}", options, s_never).Output);
    }
}
