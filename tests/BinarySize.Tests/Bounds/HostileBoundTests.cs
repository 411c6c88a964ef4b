using System.Diagnostics;
using System.Globalization;
using BinarySize.Artifacts;
using BinarySize.Mapping;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Tests.Bounds;

/// <summary>
/// The bound that holds for every file, whatever is in it: a full report of a megabyte takes at most 2 s and 256 MiB, ends without
/// an exception, and adds up. Measured as the command does it, from the file on disk to the text.
/// </summary>
[Collection("Alone")]
public class HostileBoundTests
{
    private const long MemoryLimit = 256L << 20;

    private static readonly Level[][] s_levels = [[Level.Section, Level.Symbol], [Level.Package, Level.Assembly, Level.Namespace, Level.Type, Level.Member]];

    // A slot for each reader, so that all of them take less than a minute. For a longer search: BINARYSIZE_HOSTILE_SECONDS.
    private static readonly double s_slot = double.TryParse(Environment.GetEnvironmentVariable("BINARYSIZE_HOSTILE_SECONDS"), CultureInfo.InvariantCulture, out double s) ? s : 2.0;

    public static TheoryData<string> Kinds => [.. HostileSample.Kinds];

    [Theory, MemberData(nameof(Kinds))]
    public void A_damaged_file_costs_little(string kind)
    {
        HostileSample sample = HostileSample.Get(kind);
        HostileInput[] inputs = [.. sample.Files.Select(f => new HostileInput(f.Content))];
        string folder = Directory.CreateTempSubdirectory("hostile-").FullName;
        try
        {
            foreach ((string name, byte[] content) in sample.Files) Write(Path.Combine(folder, name), content);
            string main = Path.Combine(folder, sample.Files[0].Name);
            // Once unmeasured: what the process loads for it is not the file's doing.
            foreach (Level[] levels in s_levels) Report(main, levels);
            var random = new Random(20);
            long end = Stopwatch.GetTimestamp() + (long)(s_slot * Stopwatch.Frequency);
            int round = 0;
            double slowest = 0;
            long largest = 0;
            for (; round < 8 || Stopwatch.GetTimestamp() < end; round++)
            {
                long bytes = 0;
                for (int i = 0; i < inputs.Length; i++)
                {
                    // Of several files mostly one is damaged: two that do not fit each other are soon put aside.
                    bool damaged = inputs.Length == 1 || random.Next(inputs.Length) == 0;
                    byte[] content = damaged ? inputs[i].Next(random) : sample.Files[i].Content;
                    bytes += content.Length;
                    Write(Path.Combine(folder, sample.Files[i].Name), content);
                }
                (double seconds, long memory) = Measure(main, s_levels[round % s_levels.Length], $"{kind}, round {round}");
                slowest = Math.Max(slowest, seconds);
                largest = Math.Max(largest, memory);
                // The bar is for a megabyte; what a native executable is read with is more.
                double limit = 2 * Math.Max(1, bytes / (double)(1 << 20));
                Assert.True(seconds <= limit, $"{kind}, round {round}: {seconds} s");
                Assert.True(memory <= MemoryLimit, $"{kind}, round {round}: {memory >> 20} MiB");
            }
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind}: {round} files, at most {slowest:F2} s and {largest >> 20} MiB"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Write(string path, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    /// <summary>CPU seconds and the peak of memory above what the process had before, in bytes.</summary>
    internal static (double Seconds, long Memory) Measure(string path, Level[] levels, string what)
    {
        GC.Collect();
        // Sets the peak back to what is in use (proc(5)).
        File.WriteAllText("/proc/self/clear_refs", "5");
        long before = Status("VmRSS:");
        TimeSpan start = Environment.CpuUsage.TotalTime;
        try
        {
            Report(path, levels);
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{what}: {e}");
        }
        return ((Environment.CpuUsage.TotalTime - start).TotalSeconds, Status("VmHWM:") - before);
    }

    private static long Status(string field)
    {
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith(field, StringComparison.Ordinal)) return long.Parse(line[field.Length..^2].Trim(), CultureInfo.InvariantCulture) << 10;
        }
        throw new InvalidOperationException($"/proc/self/status has no {field}");
    }

    private static void Report(string path, Level[] levels)
    {
        FoundFile file = FolderWalker.Find(path, Path.GetFileName(path))!;
        var options = new MeasureOptions { LookInside = true, SplitSymbolNames = levels.Length > 2, Parallelism = 1 };
        using MeasuredArtifact artifact = Measurer.Measure(path, ArtifactKind.File, [file], [], options);
        Assert.Equal(file.Size, artifact.Size);
        SizeMap map = artifact.Files[0].Map;
        long sum = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Assert.Equal(sum, map.Slices[i].Start);
            sum += map.LengthOf(i);
        }
        Assert.Equal(file.Size, sum);
        ReportNode tree = TreeBuilder.Build(artifact, levels);
        var report = new Report([new ReportArtifact(artifact.Path, artifact.Kind, artifact.Size, 1, tree, artifact.Warnings)], [], new ReportToolchain());
        ConsoleReport.Write(report, Stream.Null, new ConsoleOptions { Top = 100_000, Depth = 8 });
        ReportWriter.Render(report, ReportFormat.Json);
    }
}
