using System.Diagnostics;
using System.Text.Json;

namespace BinarySize.EndToEnd;

/// <summary>What the tests of shrinking share: the ledger, and tools to look at files.</summary>
internal static class Shrunk
{
    /// <summary>A row of the ledger.</summary>
    public sealed record Row(string Step, string Target, string Outcome, long Before, long After, string Verified, double? StartupBefore, double? StartupAfter, string? Code, string? Tool);

    /// <summary>The ledger in a report, which adds up to what lies in the folder; no rows where there is none.</summary>
    public static List<Row> Ledger(TestProject app, string reports, string folder)
    {
        ReportDocument report = PublishChecks.IsTheFolder(app, reports, folder);
        using JsonDocument json = JsonDocument.Parse(report.Text);
        JsonElement ledger = json.RootElement.GetProperty("ledger");
        if (ledger.ValueKind == JsonValueKind.Null) return [];
        List<Row> rows = [.. ledger.GetProperty("rows").EnumerateArray().Select(r => new Row(
            r.GetProperty("step").GetString()!, r.GetProperty("target").GetString()!, r.GetProperty("outcome").GetString()!, r.GetProperty("before").GetInt64(), r.GetProperty("after").GetInt64(),
            r.GetProperty("verified").GetString()!, Number(r, "startupBefore"), Number(r, "startupAfter"), r.GetProperty("code").GetString(), r.GetProperty("tool").GetString()))];
        Assert.Equal(report.Main.Size, ledger.GetProperty("after").GetInt64());
        Assert.Equal(ledger.GetProperty("before").GetInt64() - report.Main.Size, rows.Where(r => r.Outcome == "applied").Sum(r => r.Before - r.After));
        return rows;
    }

    public static string Hash(string path) => Tool.Run("sha256sum", path)[..64];

    public static string Inode(string path) => Tool.Run("stat", "-c", "%i", path).Trim();

    public static string Mode(string path) => Tool.Run("stat", "-c", "%a", path).Trim();

    private static double? Number(JsonElement row, string name) => row.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;
}

/// <summary>A NativeAOT app, linked once, published again and again with other settings.</summary>
public sealed class ShrinkNativeAotTests
{
    private const string Reports = "bin/Release/net9.0/linux-x64/binarysize", Publish = "bin/Release/net9.0/linux-x64/publish";

    [Fact]
    public async Task Packed_verified_undone_and_given_back_without_another_link()
    {
        using TestProject app = TestProject.Console("", "<PublishAot>true</PublishAot><RuntimeIdentifier>linux-x64</RuntimeIdentifier><ContainerRepository>app</ContainerRepository>", "net9.0");
        app.Write("Program.cs", "if (args is [\"wait\"]) System.Threading.Thread.Sleep(120000);\nSystem.Console.WriteLine(\"Hello \" + string.Join(\" \", args));\n");
        Tool.Run("chmod", "+x", app.Write("smoke.sh", "#!/bin/sh\n\"$1\" from smoke | grep -q 'Hello from smoke'\n"));
        // UPX with a log of what it was asked to do.
        string log = app.PathOf("upx.log"), upx = app.Write("upx", $"#!/bin/sh\necho \"$@\" >> '{app.PathOf("upx.log")}'\nexec /usr/bin/upx \"$@\"\n");
        Tool.Run("chmod", "+x", upx);
        string exe = app.PathOf(Publish + "/App"), native = app.PathOf("bin/Release/net9.0/linux-x64/native/App");
        int Packings() => File.Exists(log) ? File.ReadAllLines(log).Count(l => l.Contains(" -o ", StringComparison.Ordinal)) : 0;
        string[] pack = ["publish", "-p:BinarySizePack=true", $"-p:BinarySizeUpxPath={upx}", "-p:BinarySizeVerifyCommand=./smoke.sh {artifact}"];

        app.Succeed("publish");
        (string original, long size, string mode) = (Shrunk.Hash(exe), Oracle.Size(exe), Shrunk.Mode(exe));
        DateTime linked = File.GetLastWriteTimeUtc(native);
        Shrunk.Row symbols = Assert.Single(Shrunk.Ledger(app, Reports, Publish));
        Assert.Equal(("remove", "symbols", "advice", Oracle.Size(exe + ".dbg")), (symbols.Step, symbols.Target, symbols.Outcome, symbols.After));

        // Packed: smaller, it runs, it is what UPX says it is.
        app.Succeed(pack);
        string packed = Shrunk.Hash(exe);
        long packedSize = Oracle.Size(exe);
        Assert.True(packedSize < size * 0.45, $"{packedSize} of {size}");
        Assert.Equal("Hello x\n", Tool.Run(exe, "x"));
        Tool.Run("upx", "-t", exe);
        Assert.Equal(mode, Shrunk.Mode(exe));
        Shrunk.Row row = Assert.Single(Shrunk.Ledger(app, Reports, Publish), r => r.Outcome == "applied");
        Assert.Equal(("pack", "App", size, packedSize, "command"), (row.Step, row.Target, row.Before, row.After, row.Verified));
        Assert.StartsWith("UPX ", row.Tool, StringComparison.Ordinal);
        Assert.True(row.StartupBefore > 0 && row.StartupAfter > row.StartupBefore);
        Assert.Contains("| verified |", File.ReadAllText(app.PathOf(Reports + "/report.md")), StringComparison.Ordinal);
        Assert.Equal(1, Packings());
        // Who owns its bytes is known from what it was packed from.
        Assert.Contains(app.Report(Reports).Main.Tree["App"].All(), n => (n.Kind, n.Name) == ("assembly", "System.Private.CoreLib"));

        // Again: the SDK copies the executable anew, and nothing else happens.
        string report = File.ReadAllText(app.PathOf(Reports + "/report.json"));
        app.Succeed(pack);
        Assert.Equal((packed, 1, report), (Shrunk.Hash(exe), Packings(), File.ReadAllText(app.PathOf(Reports + "/report.json"))));

        // Where symbols stay at home, not even the tasks run: what the SDK copies then is what shipped before.
        string[] lean = [.. pack, "-p:CopyOutputSymbolsToPublishDirectory=false", "-clp:PerformanceSummary"];
        bool Asked() => app.Succeed(lean).Lines.Any(l => l.Contains("BinarySize.Build.ShrinkArtifact", StringComparison.Ordinal));
        File.Delete(exe + ".dbg");
        Assert.Equal((true, false, packed, 1), (Asked(), Asked(), Shrunk.Hash(exe), Packings()));
        // Linked again, to the same bytes.
        File.SetLastWriteTimeUtc(native, linked.AddSeconds(-10));
        Assert.Equal((true, packed, false), (Asked(), Shrunk.Hash(exe), Asked()));
        File.SetLastWriteTimeUtc(native, linked);
        app.Succeed([.. lean, "-p:BinarySizePack=false"]);
        Assert.Equal(original, Shrunk.Hash(exe));
        Assert.Equal((true, false, packed, mode), (Asked(), Asked(), Shrunk.Hash(exe), Shrunk.Mode(exe)));

        // Another level, while the app runs.
        using (Process running = Process.Start(new ProcessStartInfo(exe, "wait"))!)
        {
            app.Succeed([.. pack, "-p:BinarySizePackLevel=1"]);
            Assert.False(running.HasExited);
            running.Kill();
            await running.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        Assert.True(Oracle.Size(exe) > packedSize && Oracle.Size(exe) < size);
        Assert.Equal(2, Packings());

        // What goes into an image is the packed file.
        app.Write("base/etc/motd", "Hello\n");
        string archive = app.PathOf("image/app.tar");
        using (var registry = new Registry(app.PathOf("base")))
        {
            Outcome image = app.DotnetWith(new() { ["DOTNET_CONTAINER_INSECURE_REGISTRIES"] = registry.Address },
                [.. pack, "-t:PublishContainer", $"-p:ContainerBaseImage={registry.Image}", $"-p:ContainerArchiveOutputPath={archive}"]);
            Assert.True(image.Code == 0, image.ToString());
        }
        Node inImage = app.Report(Reports + "/container").Main.Tree.All().First(n => n.Kind == "file" && n.Name.EndsWith("App", StringComparison.Ordinal));
        Assert.Equal(Oracle.Size(exe), inImage.Unpacked ?? inImage.Size);
        Assert.True(Oracle.Size(exe) < size * 0.45);

        // A step that does not stand the check is undone, and the message has what the check said last.
        string[] picky = ["publish", "-p:BinarySizePack=true", "-p:BinarySizeVerifyCommand=! upx -t {artifact}"];
        Outcome undone = app.Dotnet(picky);
        Assert.Equal(0, undone.Code);
        Diagnostic warning = Assert.Single(TestProject.Diagnostics(undone));
        Assert.Equal(("warning", "BSZ5201", app.ProjectFile), (warning.Kind, warning.Code, warning.File));
        Assert.Contains("Pack App was undone", warning.Message, StringComparison.Ordinal);
        Assert.Equal(original, Shrunk.Hash(exe));
        Assert.Contains(Shrunk.Ledger(app, Reports, Publish), r => (r.Step, r.Outcome, r.Code) == ("pack", "undone", "BSZ5201"));
        Assert.Equal("BSZ5201", Assert.Single(app.Fail([.. picky, "-p:BinarySizeVerifyRequired=true"])).Code);

        // So is one that starts too slowly; and without UPX the original ships.
        Outcome slow = app.Dotnet([.. pack, "-p:BinarySizePackLzma=true", "-p:BinarySizeStartupBudget=100%"]);
        Assert.Equal((0, "BSZ5204", original), (slow.Code, Assert.Single(TestProject.Diagnostics(slow)).Code, Shrunk.Hash(exe)));
        string[] missing = ["publish", "-p:BinarySizePack=true", "-p:BinarySizeUpxPath=/nowhere/upx"];
        Outcome none = app.Dotnet(missing);
        Assert.Equal((0, "BSZ5001", original), (none.Code, Assert.Single(TestProject.Diagnostics(none)).Code, Shrunk.Hash(exe)));
        Assert.Equal("BSZ5001", Assert.Single(app.Fail([.. missing, "-p:BinarySizePackRequired=true"])).Code);

        // Off: the original, and it was linked once.
        app.Succeed("publish");
        Assert.Equal((original, linked), (Shrunk.Hash(exe), File.GetLastWriteTimeUtc(native)));
        app.Succeed("clean", "-c", "Release");
        Assert.False(Directory.Exists(app.PathOf("obj/Release/net9.0/linux-x64/binarysize")));
    }
}

/// <summary>Single files and folders, which the SDK does not copy anew where they look newer than what they are made from.</summary>
public sealed class ShrinkBundleTests
{
    [Fact]
    public void A_trimmed_single_file_is_packed_left_alone_and_given_back()
    {
        using TestProject app = TestProject.Console("", "<RuntimeIdentifier>linux-x64</RuntimeIdentifier><PublishSingleFile>true</PublishSingleFile><PublishTrimmed>true</PublishTrimmed><DebugType>none</DebugType>");
        const string reports = "bin/Release/net10.0/linux-x64/binarysize", publish = "bin/Release/net10.0/linux-x64/publish";
        string exe = app.PathOf(publish + "/App");
        string[] pack = ["publish", "-p:BinarySizePack=true", "-p:BinarySizeVerifyCommand={artifact}"];
        app.Succeed("publish");
        (string original, long size) = (Shrunk.Hash(exe), Oracle.Size(exe));
        app.Succeed(pack);
        (string packed, string inode) = (Shrunk.Hash(exe), Shrunk.Inode(exe));
        Assert.True(Oracle.Size(exe) < size * 0.8, $"{Oracle.Size(exe)} of {size}");
        Assert.Equal("Hello\n", Tool.Run(exe));
        Shrunk.Row row = Assert.Single(Shrunk.Ledger(app, reports, publish), r => r.Outcome == "applied");
        Assert.Equal(("pack", "App", "command"), (row.Step, row.Target, row.Verified));
        // The files in it are as they were; only the host is smaller.
        Node bundle = app.Report(reports).Main.Tree["App"];
        Assert.Equal(Oracle.Size(app.PathOf("obj/Release/net10.0/linux-x64/linked/App.dll")), bundle["App.dll"].Size);

        // Nothing to do: not even the file is another one.
        app.Succeed(pack);
        Assert.Equal((packed, inode), (Shrunk.Hash(exe), Shrunk.Inode(exe)));
        // Turned off as a whole, nothing of the package is left.
        app.Succeed("publish", "-p:BinarySizeEnabled=false");
        Assert.Equal(original, Shrunk.Hash(exe));
        // On again, from what was kept; and off by the step alone.
        app.Succeed(pack);
        Assert.Equal(packed, Shrunk.Hash(exe));
        app.Succeed("publish");
        Assert.Equal(original, Shrunk.Hash(exe));
    }

    [Fact]
    public void Files_that_nobody_needs_go_and_libraries_are_packed_where_they_load()
    {
        using TestProject app = TestProject.Console("", "<RuntimeIdentifier>linux-x64</RuntimeIdentifier><SelfContained>true</SelfContained>");
        const string reports = "bin/Release/net10.0/linux-x64/binarysize", publish = "bin/Release/net10.0/linux-x64/publish";
        app.Succeed("publish");
        SortedDictionary<string, long> before = Oracle.Files(app.PathOf(publish));
        Assert.Equal(["diagnostics", "gc", "symbols"], Shrunk.Ledger(app, reports, publish).Select(r => r.Target));

        app.Succeed("publish", "-p:BinarySizePack=true", "-p:BinarySizeRemoveFiles=diagnostics%3Bgc%3Bsymbols", "-p:BinarySizeVerifyCommand={artifact}");
        SortedDictionary<string, long> after = Oracle.Files(app.PathOf(publish));
        string[] gone = [.. before.Keys.Except(after.Keys)];
        Assert.All((string[])["libmscordaccore.so", "libmscordbi.so", "createdump", "libcoreclrtraceptprovider.so", "libclrgc.so", "App.pdb"], f => Assert.Contains(f, gone));
        List<Shrunk.Row> rows = Shrunk.Ledger(app, reports, publish);
        Assert.Contains(rows, r => (r.Step, r.Target, r.Outcome, r.Verified) == ("pack", "libcoreclr.so", "applied", "command"));
        Assert.True(after["libcoreclr.so"] < before["libcoreclr.so"] * 0.6);
        Assert.Equal("Hello\n", Tool.Run(app.PathOf(publish + "/App")));

        // Everything comes back.
        app.Succeed("publish");
        Assert.Equal(before, Oracle.Files(app.PathOf(publish)));
    }

    [Fact]
    public void Several_projects_at_once_and_values_that_are_none()
    {
        using var all = new TestProject("All");
        string[] names = ["One", "Two", "Three"];
        foreach (string name in names)
        {
            all.Write($"{name}/{name}.csproj", TestProject.Text("", "<OutputType>Exe</OutputType><BinarySizePack>true</BinarySizePack><BinarySizeVerifyCommand>{artifact}</BinarySizeVerifyCommand>"));
            all.Write($"{name}/Program.cs", $"System.Console.WriteLine(\"{name}\");\n");
        }
        all.Write("All.slnx", $"<Solution>{string.Concat(names.Select(n => $"<Project Path=\"{n}/{n}.csproj\" />"))}</Solution>");
        all.Succeed("publish", "All.slnx", "-m");
        foreach (string name in names)
        {
            string publish = $"{name}/bin/Release/net10.0/publish";
            Assert.Equal(name + "\n", Tool.Run(all.PathOf($"{publish}/{name}")));
            Assert.Contains(Shrunk.Ledger(all, $"{name}/bin/Release/net10.0/binarysize", publish), r => (r.Step, r.Target, r.Outcome) == ("pack", name, "applied"));
        }
        List<Diagnostic> wrong = all.Fail("publish", "One/One.csproj", "-p:BinarySizeRemoveFiles=debug", "-p:BinarySizePackLevel=11", "-p:BinarySizeVerifyTimeout=soon", "-p:BinarySizeStartupBudget=50%");
        Assert.Equal(["BSZ1001", "BSZ1005", "BSZ1005", "BSZ1005"], wrong.Select(d => d.Code).Order(StringComparer.Ordinal));
    }
}
