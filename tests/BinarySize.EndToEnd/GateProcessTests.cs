namespace BinarySize.EndToEnd;

/// <summary>Measuring in the package's own executable, where it has one, and inside the build where that does not work.</summary>
public sealed class GateProcessTests
{
    private const string Reports = "bin/Release/net9.0/linux-x64/binarysize";

    [Fact]
    public void It_says_what_the_build_itself_would_say()
    {
        using TestProject app = TestProject.Console(
            """
              <ItemGroup><BinarySizeBudget Include="app" Max="100 MiB" MaxGrowth="1 KiB" /><BinarySizeBudget Include="small" Warn="1 KiB" /></ItemGroup>
              <Target Name="Break" AfterTargets="CopyNativeBinary" Condition="'$(Breaks)' == 'true'">
                <Exec Command="objcopy --rename-section .dotnet_eh_table=.other $(PublishDir)App" />
              </Target>
            """,
            "<RuntimeIdentifier>linux-x64</RuntimeIdentifier><PublishAot>true</PublishAot><BinarySizeReportFormats>json;md;html;csv</BinarySizeReportFormats>", "net9.0");
        Outcome first = app.Dotnet("publish", "-v:d", "-t:BinarySizeUpdateBaseline");
        Assert.True(first.Code == 0, first.ToString());
        // What the statistics take of the compiler's time, a larger limit for what its collector takes for long-lived gives back.
        Assert.Contains(first.Lines, l => l.Trim() == "DOTNET_GCLOHThreshold=4000000");
        Assert.Contains("\"net9.0", File.ReadAllText(app.PathOf("binarysize.baseline.json")), StringComparison.Ordinal);

        (string Where, string Said, string[] Files) alone = Measured();
        (string Where, string Said, string[] Files) inside = Measured("-p:BinarySizeMeasureInProcess=true");
        Assert.EndsWith("/tasks/net10.0/linux-x64/binarysize-gate'", alone.Where, StringComparison.Ordinal);
        Assert.Equal("", inside.Where);
        Assert.Equal(inside.Said, alone.Said);
        Assert.Contains("BSZ2101", alone.Said, StringComparison.Ordinal);
        // Nothing was to be shrunk, so that no task looked: measuring names what an app seldom needs, and puts it into the ledger.
        Assert.Contains($"message BSZ5301: 1 file ({Oracle.Size(app.PathOf("bin/Release/net9.0/linux-x64/publish/App.dbg")):N0} B) that an app seldom needs: symbols: App.dbg.", alone.Said, StringComparison.Ordinal);
        Assert.Equal(("remove", "symbols", "advice"), Assert.Single(Shrunk.Ledger(app, Reports, "bin/Release/net9.0/linux-x64/publish").Select(r => (r.Step, r.Target, r.Outcome))));
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

        // A program that lost what exceptions are unwound by, wherever it is measured, and however often.
        foreach (string where in (ReadOnlySpan<string>)["false", "false", "true"])
        {
            Assert.Contains(app.Fail("publish", "-p:Breaks=true", "-p:BinarySizeMeasureInProcess=" + where), d => (d.Kind, d.Code) == ("error", "BSZ5501") && d.Message.StartsWith("'App' would die with its first exception: it has no .dotnet_eh_table", StringComparison.Ordinal));
        }
        Assert.Equal(0, app.Dotnet("publish").Code);

        // What ships is what shipped without this package: compiled again for it, without the statistics.
        string arguments = app.PathOf("obj/Release/net9.0/linux-x64/native/App.ilc.rsp"), ships = Shrunk.Hash(app.PathOf("bin/Release/net9.0/linux-x64/publish/App"));
        Assert.Contains("--mstat", File.ReadAllText(arguments), StringComparison.Ordinal);
        Assert.Equal(0, app.Dotnet("publish", "-p:BinarySizeEnabled=false").Code);
        Assert.DoesNotContain("--mstat", File.ReadAllText(arguments), StringComparison.Ordinal);
        Assert.True(File.GetLastWriteTimeUtc(app.PathOf("obj/Release/net9.0/linux-x64/native/App.o")) > File.GetLastWriteTimeUtc(arguments));
        Assert.Equal(ships, Shrunk.Hash(app.PathOf("bin/Release/net9.0/linux-x64/publish/App")));

        (string, string, string[]) Measured(params string[] arguments)
        {
            // What was remembered, and what was written.
            Directory.Delete(app.PathOf("obj/Release/net9.0/linux-x64/binarysize"), recursive: true);
            Directory.Delete(app.PathOf(Reports), recursive: true);
            Outcome outcome = app.Dotnet(["publish", "-v:d", .. arguments]);
            Assert.True(outcome.Code == 0, outcome.ToString());
            string[] lines = [.. outcome.Lines.Select(l => l.Trim())];
            string where = lines.FirstOrDefault(l => l.StartsWith("Publish was measured by", StringComparison.Ordinal) || l.StartsWith("Publish is measured inside", StringComparison.Ordinal)) ?? "";
            Assert.DoesNotContain(lines, l => l.Contains("BinarySize.Build.ShrinkArtifact", StringComparison.Ordinal) && l.EndsWith(" calls", StringComparison.Ordinal));
            // The line with the arrow, the table behind it, the warning, the remark.
            int arrow = Array.FindIndex(lines, l => l.Contains("/publish/ (", StringComparison.Ordinal));
            string said = string.Join('\n', [.. lines.Skip(arrow).Take(12), .. TestProject.Diagnostics(outcome).Select(d => d.ToString()), .. lines.Where(l => l.Contains("BSZ5301", StringComparison.Ordinal)).Distinct()]);
            return (where, said, [.. Directory.GetFiles(app.PathOf(Reports)).Order(StringComparer.Ordinal).Select(Shrunk.Hash)]);
        }
    }
}
