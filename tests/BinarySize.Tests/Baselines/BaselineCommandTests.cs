using System.Text.RegularExpressions;
using BinarySize.Baselines;
using BinarySize.Retention;
using BinarySize.Tests.Retention;

namespace BinarySize.Tests.Baselines;

/// <summary>Budgets on growth without a build.</summary>
public sealed partial class BaselineCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bsz").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Update_and_check()
    {
        string app = Path.Combine(_folder, "app"), baseline = Path.Combine(_folder, BaselineFile.DefaultName);
        File.Copy(DiffSamples.C.Old, app);
        (int code, string output, string error) = Cli.RunIn(_folder, "baseline", "update", "app", "--key", "any/linux-x64/any/native", "--sdk", "clang 19", "--budget", "text; Scope=section; Match=.text; MaxGrowth=10");
        Assert.True((code, output) == (0, ""), error);
        byte[] written = File.ReadAllBytes(baseline);
        Assert.Equal(["ok"], JsonSchema.Validate("baseline-1.json", [written]));
        Assert.Equal(0, Cli.RunIn(_folder, "baseline", "update", "app", "--key", "any/linux-x64/any/native", "--sdk", "clang 19", "--budget", "text; Scope=section; Match=.text; MaxGrowth=10").Code);
        Assert.Equal(written, File.ReadAllBytes(baseline));

        string[] check = ["check", "app", "--baseline", baseline, "--key", "any/linux-x64/any/native", "--sdk", "clang 19", "--budget", "text; Scope=section; Match=.text; MaxGrowth=10"];
        Assert.Equal(0, Cli.RunIn(_folder, check).Code);
        File.Copy("/bin/ls", app, overwrite: true);
        (code, output, error) = Cli.RunIn(_folder, check);
        Assert.Equal(1, code);
        Assert.Contains("error BSZ2002: Size budget 'text' grew by ", error, StringComparison.Ordinal);
        Assert.Contains("Why text grew +", output, StringComparison.Ordinal);
        Assert.Contains("vs base", output, StringComparison.Ordinal);
        Assert.All(output.Split('\n'), l => Assert.True(l.Length <= 79, l));

        // Another SDK, another key, no baseline, one that is damaged, no baseline at all.
        Assert.Equal(4, Cli.RunIn(_folder, [.. check[..6], "--sdk", "clang 20", .. check[8..]]).Code);
        Assert.Equal(4, Cli.RunIn(_folder, [.. check[..4], "--key", "any/any/any/native", .. check[6..]]).Code);
        Assert.Equal(2, Cli.RunIn(_folder, [.. check[..4], "--key", "native", .. check[6..]]).Code);
        Assert.Equal(2, Cli.RunIn(_folder, [.. check[..2], .. check[8..]]).Code);
        Assert.Equal(4, Cli.RunIn(_folder, ["check", "app", "--baseline", "none.json", "--max", "1 MB"]).Code);
        File.WriteAllText(baseline, "{\n\"schema\": 1,\n\"schema\": 1}");
        (code, _, error) = Cli.RunIn(_folder, check);
        Assert.Equal(4, code);
        Assert.Contains("binarysize.baseline.json(3): error BSZ3003", error, StringComparison.Ordinal);
        (code, _, error) = Cli.RunIn(_folder, "baseline", "update", "app");
        Assert.Equal(4, code);
        Assert.Contains("It is left as it is", error, StringComparison.Ordinal);
        Assert.Equal(1, Cli.RunIn(_folder, ["check", "app", "--baseline", "none.json", "--max", "1 B"]).Code);
    }

    [Fact]
    public void Growth_names_the_call_where_the_compiler_left_its_reasons()
    {
        (string graph, string publish) = GraphSamples.Full;
        string app = Path.Combine(publish, "hello"), baseline = Path.Combine(_folder, BaselineFile.DefaultName);
        string[] measured = [app, "--key", "net9.0/linux-x64/Release/aot", "--mstat", GraphLocator.Statistics(graph)!];
        Assert.Equal(0, Cli.RunIn(_folder, ["baseline", "update", .. measured, "--baseline", baseline]).Code);
        // As if the console had come since.
        string[] lines = File.ReadAllLines(baseline);
        int console = Array.FindIndex(lines, l => l.Contains("\"System.Console\"", StringComparison.Ordinal));
        lines[console + 1] = SizeOf().Replace(lines[console + 1], ": 1");
        File.WriteAllLines(baseline, lines);

        string[] check = ["check", .. measured, "--baseline", baseline, "--budget", "console; Scope=assembly; Match=System.Console; MaxGrowth=1 KiB"];
        (int code, _, string error) = Cli.RunIn(_folder, check);
        Assert.Equal(1, code);
        string line = Assert.Single(error.Split('\n'), l => l.Contains("BSZ2002", StringComparison.Ordinal));
        Assert.Contains("System.Console came in by Program.Main calls Console.WriteLine. Accept: binarysize baseline update.", line, StringComparison.Ordinal);
        (code, _, error) = Cli.RunIn(_folder, [.. check, "--graph", "none.dgml.xml"]);
        Assert.Equal(3, code);
        Assert.Contains("'none.dgml.xml' does not exist", error, StringComparison.Ordinal);
    }

    [GeneratedRegex(@": \d+")]
    private static partial Regex SizeOf();
}
