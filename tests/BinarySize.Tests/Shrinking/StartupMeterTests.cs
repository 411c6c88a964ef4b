using System.Diagnostics;
using BinarySize.Shrinking;
using BinarySize.Tests.Symbols;

namespace BinarySize.Tests.Shrinking;

public class StartupMeterTests
{
    private static readonly CancellationToken s_never = CancellationToken.None;

    private static StartupFigure Measure(MeasuredCommand command, StartupOptions? options = null) => StartupMeter.Measure([command], options ?? new StartupOptions { Runs = 3 }, s_never)[0];

    [Fact]
    public void Times_and_memory_are_those_of_the_commands()
    {
        using var scratch = new Scratch();
        IReadOnlyList<StartupFigure> figures = StartupMeter.Measure(
        [
            new MeasuredCommand("short", "/bin/sleep", ["0.05"]),
            MeasuredCommand.Shell("long", "sleep 0.3; exit 3", scratch.Path),
            new MeasuredCommand("large", "/usr/bin/python3", ["-c", "x = b'x' * 200_000_000"]),
        ], new StartupOptions { Runs = 3 }, s_never);
        Assert.All(figures, f => Assert.True(f.IsMeasured, f.Problem));
        Assert.All(figures, f => Assert.Equal(3, f.Runs));
        Assert.Equal(["short", "long", "large"], figures.Select(f => f.Name));
        Assert.Equal([0, 3, 0], figures.Select(f => f.ExitCode));
        Assert.InRange(figures[0].Median.TotalMilliseconds, 50, 290);
        Assert.InRange(figures[1].Median.TotalMilliseconds, 300, 1500);
        Assert.True(figures[0].Fastest <= figures[0].Median);
        // sleep takes one or two megabytes, which is far less than this process does.
        Assert.InRange(figures[0].PeakMemory, 100_000, 10_000_000);
        Assert.InRange(figures[2].PeakMemory, 200_000_000, 230_000_000);
    }

    [Fact]
    public void Memory_agrees_with_what_the_program_says_of_itself()
    {
        using var scratch = new Scratch();
        string script = $"x = bytearray(60_000_000); x = None; open('{scratch["said"]}', 'w').write(open('/proc/self/status').read())";
        StartupFigure figure = Measure(new MeasuredCommand("python", "/usr/bin/python3", ["-c", script]));
        Assert.True(figure.IsMeasured, figure.Problem);
        long said = long.Parse(File.ReadAllText(scratch["said"]).Split("VmHWM:")[1].Trim().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) * 1024;
        Assert.InRange(figure.PeakMemory, said * 0.97, said * 1.03);
    }

    [Fact]
    public void What_does_not_end_fails_to_start_or_dies_is_not_measured()
    {
        long begin = Stopwatch.GetTimestamp();
        using var scratch = new Scratch();
        StartupFigure server = Measure(MeasuredCommand.Shell("server", $"(sleep 3; touch '{scratch["late"]}') & sleep 30"), new StartupOptions { Timeout = TimeSpan.FromMilliseconds(300) });
        Assert.False(server.IsMeasured);
        Assert.Contains("did not end within 0.3 s", server.Problem, StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 0.3, 2.5);
        Assert.Contains("'/nowhere/app' is not there", Measure(new MeasuredCommand("missing", "/nowhere/app", [])).Problem, StringComparison.Ordinal);
        Assert.Contains("signal 11", Measure(MeasuredCommand.Shell("crash", "kill -SEGV $$")).Problem, StringComparison.Ordinal);
        Assert.Contains("exit code", Measure(MeasuredCommand.Shell("fickle", $"test -e '{scratch["flag"]}' && exit 4; touch '{scratch["flag"]}'")).Problem, StringComparison.Ordinal);
        Assert.Contains("could not be started", Measure(new MeasuredCommand("nowhere", "/bin/true", [], scratch["no-folder"])).Problem, StringComparison.Ordinal);
        // The others are measured all the same.
        IReadOnlyList<StartupFigure> both = StartupMeter.Measure([new MeasuredCommand("bad", "/nowhere/app", []), new MeasuredCommand("good", "true", [])], new StartupOptions { Runs = 2 }, s_never);
        Assert.Equal([false, true], both.Select(f => f.IsMeasured));
        Thread.Sleep(3200);
        Assert.Equal(["flag"], scratch.Names);
    }

    [Fact]
    public void Cancelling_ends_the_run()
    {
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        long begin = Stopwatch.GetTimestamp();
        Assert.ThrowsAny<OperationCanceledException>(() => StartupMeter.Measure([new MeasuredCommand("sleep", "/bin/sleep", ["30"])], new StartupOptions { Timeout = TimeSpan.FromMinutes(1) }, cancel.Token));
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 0.2, 5);
    }

    [Fact]
    public void A_packed_program_takes_longer_to_start()
    {
        using var scratch = new Scratch();
        string plain = ShrinkSamples.Aot;
        Assert.Equal(StepOutcome.Applied, new PackStep(new PackOptions { Lzma = true }).Apply(plain, scratch["lzma"], s_never).Outcome);
        IReadOnlyList<StartupFigure> figures = StartupMeter.Measure([new MeasuredCommand("plain", plain, []), new MeasuredCommand("lzma", scratch["lzma"], [])], new StartupOptions { Runs = 7 }, s_never);
        Assert.All(figures, f => Assert.True(f.IsMeasured, f.Problem));
        Assert.True(figures[1].Median > figures[0].Median * 2, $"{figures[0].Median} and {figures[1].Median}");
        Assert.All(figures, f => Assert.InRange(f.PeakMemory, 1_000_000, 40_000_000));
    }
}
