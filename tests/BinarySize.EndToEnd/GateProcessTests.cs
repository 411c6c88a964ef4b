namespace BinarySize.EndToEnd;

/// <summary>Measuring in the package's own executable, where it has one, and inside the build where that does not work.</summary>
public sealed class GateProcessTests
{
    private const string Reports = "bin/Release/net9.0/linux-x64/binarysize";

    [Fact]
    public void It_says_what_the_build_itself_would_say()
    {
        using TestProject app = TestProject.Console(
            """<ItemGroup><BinarySizeBudget Include="app" Max="100 MiB" MaxGrowth="1 KiB" /><BinarySizeBudget Include="small" Warn="1 KiB" /></ItemGroup>""",
            "<RuntimeIdentifier>linux-x64</RuntimeIdentifier><PublishAot>true</PublishAot><BinarySizeReportFormats>json;md;html;csv</BinarySizeReportFormats>", "net9.0");
        Outcome first = app.Dotnet("publish", "-t:BinarySizeUpdateBaseline");
        Assert.True(first.Code == 0, first.ToString());
        Assert.Contains("\"net9.0", File.ReadAllText(app.PathOf("binarysize.baseline.json")), StringComparison.Ordinal);

        (string Where, string Said, string[] Files) alone = Measured();
        (string Where, string Said, string[] Files) inside = Measured("-p:BinarySizeMeasureInProcess=true");
        Assert.EndsWith("/tasks/net10.0/linux-x64/binarysize-gate'", alone.Where, StringComparison.Ordinal);
        Assert.Equal("", inside.Where);
        Assert.Equal(inside.Said, alone.Said);
        Assert.Contains("BSZ2101", alone.Said, StringComparison.Ordinal);
        Assert.Equal(4, alone.Files.Length);
        Assert.Equal(inside.Files, alone.Files);

        // One that does nothing, hangs up, is none, or may not be run: as if there were no such thing.
        foreach ((string name, string text) in (ReadOnlySpan<(string, string)>)[("silent", "#!/bin/sh\nexit 40\n"), ("killed", "#!/bin/sh\nkill -9 $$\n"), ("rubbish", "no program"), ("damaged", "#!/bin/sh\nhead -c 100 /dev/urandom > \"$2\"\nexit 40\n")])
        {
            string program = app.Write(name, text);
            if (name != "rubbish") Tool.Run("chmod", "+x", program);
            (string Where, string Said, string[] Files) without = Measured("-p:_BinarySizeGateProgram=" + program);
            Assert.StartsWith("Publish is measured inside the build: ", without.Where, StringComparison.Ordinal);
            Assert.Equal(inside.Said, without.Said);
            Assert.Equal(inside.Files, without.Files);
        }
        Assert.Empty(Directory.GetFiles(app.PathOf("obj/Release/net9.0/linux-x64/binarysize"), "*.request"));
        Assert.Empty(Directory.GetFiles(app.PathOf("obj/Release/net9.0/linux-x64/binarysize"), "*.answer"));

        (string, string, string[]) Measured(params string[] arguments)
        {
            // What was remembered, and what was written.
            Directory.Delete(app.PathOf("obj/Release/net9.0/linux-x64/binarysize"), recursive: true);
            Directory.Delete(app.PathOf(Reports), recursive: true);
            Outcome outcome = app.Dotnet(["publish", "-v:d", .. arguments]);
            Assert.True(outcome.Code == 0, outcome.ToString());
            string[] lines = [.. outcome.Lines.Select(l => l.Trim())];
            string where = lines.FirstOrDefault(l => l.StartsWith("Publish was measured by", StringComparison.Ordinal) || l.StartsWith("Publish is measured inside", StringComparison.Ordinal)) ?? "";
            // The line with the arrow, the table behind it, the warning.
            int arrow = Array.FindIndex(lines, l => l.Contains("/publish/ (", StringComparison.Ordinal));
            string said = string.Join('\n', [.. lines.Skip(arrow).Take(12), .. TestProject.Diagnostics(outcome).Select(d => d.ToString())]);
            return (where, said, [.. Directory.GetFiles(app.PathOf(Reports)).Order(StringComparer.Ordinal).Select(Shrunk.Hash)]);
        }
    }
}
