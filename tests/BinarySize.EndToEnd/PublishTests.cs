using System.Text.Json;

namespace BinarySize.EndToEnd;

/// <summary>What the publish tests share: the folder against du, and a native file's sections against readelf.</summary>
internal static class PublishChecks
{
    /// <summary>An app with a package of somebody else's that it uses.</summary>
    public static TestProject App(string properties = "", string framework = "net10.0")
    {
        TestProject app = TestProject.Console("""
              <ItemGroup>
                <PackageReference Include="Newtonsoft.Json" Version="13.0.3" />
              </ItemGroup>
            """, properties, framework);
        app.Write("Program.cs", "System.Console.WriteLine(Newtonsoft.Json.JsonConvert.ToString(\"Hello\"));\n");
        return app;
    }

    /// <summary>The report holds every file of the folder with its bytes, and nothing else.</summary>
    public static ReportDocument IsTheFolder(TestProject app, string reports, string folder)
    {
        ReportDocument report = app.Report(reports);
        folder = app.PathOf(folder);
        Assert.Equal("Publish", report.Stage);
        Assert.Equal(Oracle.Files(folder), report.Main.Tree.Of("file"));
        Assert.Equal(Oracle.DiskUsage(folder), report.Main.Size);
        return report;
    }

    /// <summary>Sections of an ELF file are those that readelf lists, with their bytes.</summary>
    public static void HasTheSectionsOf(string file, Node node)
    {
        SortedDictionary<string, long> expected = Oracle.Sections(file);
        Assert.True(expected.Count > 10, $"readelf lists {expected.Count} sections in {file}");
        Assert.Equal(expected, node.Of("section"));
        Assert.Contains(node.Children, c => c.Kind == "header");
    }

    /// <summary>Version of the runtime that a self-contained app ships, from what the host reads.</summary>
    public static string RuntimeVersion(string publish)
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(publish, "App.runtimeconfig.json")));
        return config.RootElement.GetProperty("runtimeOptions").GetProperty("includedFrameworks")[0].GetProperty("version").GetString()!;
    }

    /// <summary>A file of a package as NuGet unpacked it.</summary>
    public static string InPackage(string id, string version, string path) =>
        Path.Combine(Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"), id, version, path);
}

public class FrameworkDependentPublishTests
{
    [Fact]
    public void Each_file_is_there_with_its_package_and_without_building_again()
    {
        using TestProject app = PublishChecks.App();
        Outcome published = app.Succeed("publish");
        string publish = app.PathOf("bin/Release/net10.0/publish");
        ReportDocument report = PublishChecks.IsTheFolder(app, "bin/Release/net10.0/binarysize", publish);
        Assert.Equal("Newtonsoft.Json 13.0.3", report.Main.Tree["Newtonsoft.Json.dll"].Package);
        Assert.Null(report.Main.Tree["App.dll"].Package);
        PublishChecks.HasTheSectionsOf(Path.Combine(publish, "App"), report.Main.Tree["App"]);
        string arrow = TestProject.Arrow(published, "publish/");
        Assert.StartsWith($"App -> {publish}/ (", arrow);

        string json = app.PathOf("bin/Release/net10.0/binarysize/report.json");
        DateTime written = File.GetLastWriteTimeUtc(json);
        Assert.Equal(arrow, TestProject.Arrow(app.Succeed("publish"), "publish/"));
        Assert.Equal(arrow, TestProject.Arrow(app.Succeed("publish", "--no-build"), "publish/"));
        Assert.Equal(written, File.GetLastWriteTimeUtc(json));
        Assert.DoesNotContain(Oracle.Files(publish).Keys, f => f.Contains("BinarySize", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("BinarySize", File.ReadAllText(Path.Combine(publish, "App.deps.json")));

        // Elsewhere, and a file that another build left there: what lies in the folder ships.
        app.Write("out/ship/left-behind.txt", "12345");
        app.Succeed("publish", "--no-build", "-o", "out/ship");
        Assert.Equal(5, PublishChecks.IsTheFolder(app, "out/binarysize", "out/ship").Main.Tree["left-behind.txt"].Size);
    }
}

public class SelfContainedPublishTests
{
    [Fact]
    public void The_runtime_pack_is_the_package_of_its_files()
    {
        using TestProject app = PublishChecks.App();
        app.Succeed("publish", "-r", "linux-x64", "--self-contained");
        string publish = app.PathOf("bin/Release/net10.0/linux-x64/publish");
        ReportDocument report = PublishChecks.IsTheFolder(app, "bin/Release/net10.0/linux-x64/binarysize", publish);
        string pack = $"Microsoft.NETCore.App.Runtime.linux-x64 {PublishChecks.RuntimeVersion(publish)}";
        foreach (string file in (string[])["System.Private.CoreLib.dll", "System.Linq.dll", "libcoreclr.so", "libclrjit.so"]) Assert.Equal(pack, report.Main.Tree[file].Package);
        Assert.Equal("Newtonsoft.Json 13.0.3", report.Main.Tree["Newtonsoft.Json.dll"].Package);
        PublishChecks.HasTheSectionsOf(Path.Combine(publish, "libclrjit.so"), report.Main.Tree["libclrjit.so"]);
    }
}

public class TrimmedPublishTests
{
    [Fact]
    public void Packages_survive_trimming()
    {
        using TestProject app = PublishChecks.App("<PublishTrimmed>true</PublishTrimmed><RuntimeIdentifier>linux-x64</RuntimeIdentifier><SuppressTrimAnalysisWarnings>true</SuppressTrimAnalysisWarnings>");
        Outcome published = app.Dotnet("publish");
        Assert.Equal(0, published.Code);
        string publish = app.PathOf("bin/Release/net10.0/linux-x64/publish");
        ReportDocument report = PublishChecks.IsTheFolder(app, "bin/Release/net10.0/linux-x64/binarysize", publish);
        Assert.Equal($"Microsoft.NETCore.App.Runtime.linux-x64 {PublishChecks.RuntimeVersion(publish)}", report.Main.Tree["System.Private.CoreLib.dll"].Package);
        Assert.Equal("Newtonsoft.Json 13.0.3", report.Main.Tree["Newtonsoft.Json.dll"].Package);
        Assert.True(report.Main.Tree["System.Private.CoreLib.dll"].Size < 6_000_000);
    }
}

public class NativeAotPublishTests
{
    [Fact]
    public void The_executable_and_its_symbols_are_divided_as_readelf_divides_them()
    {
        using TestProject app = TestProject.Console("""
              <ItemGroup>
                <BinarySizeBudget Include="exe" Scope="file" Match="App" Max="100 kB" Stage="Publish" />
              </ItemGroup>
            """, "<PublishAot>true</PublishAot>", "net9.0");
        Diagnostic over = Assert.Single(app.Fail("publish", "-r", "linux-x64"));
        Assert.Equal(("BSZ2001", "error"), (over.Code, over.Kind));
        Assert.Equal((app.ProjectFile, 10, 5), (over.File, over.Line, over.Column));
        Assert.Matches(@"\. Largest: System\.Private\.CoreLib [\d.]+ KiB, [^,]+ KiB, [^,]+ KiB\.$", over.Message);

        string publish = app.PathOf("bin/Release/net9.0/linux-x64/publish");
        ReportDocument report = PublishChecks.IsTheFolder(app, "bin/Release/net9.0/linux-x64/binarysize", publish);
        Assert.Equal(["App", "App.dbg"], report.Main.Tree.Of("file").Keys);
        PublishChecks.HasTheSectionsOf(Path.Combine(publish, "App.dbg"), report.Main.Tree["App.dbg"]);
        Assert.Equal(Oracle.Size(Path.Combine(publish, "App")), report.Budget("exe").Value);

        // The same again, without linking again.
        DateTime linked = File.GetLastWriteTimeUtc(app.PathOf("bin/Release/net9.0/linux-x64/native/App"));
        Assert.Equal(over, Assert.Single(app.Fail("publish", "-r", "linux-x64")));
        Assert.Equal(linked, File.GetLastWriteTimeUtc(app.PathOf("bin/Release/net9.0/linux-x64/native/App")));

        // The executable by its sections, and in them by who owns the bytes; where nobody asks the compiler, by sections alone.
        PublishChecks.HasTheSectionsOf(Path.Combine(publish, "App"), report.Main.Tree["App"]);
        Assert.Contains(report.Main.Tree["App"].All(), n => (n.Kind, n.Name) == ("assembly", "System.Private.CoreLib"));
        app.Fail("publish", "-r", "linux-x64", "-p:BinarySizeAttribution=false");
        ReportDocument sections = PublishChecks.IsTheFolder(app, "bin/Release/net9.0/linux-x64/binarysize", publish);
        PublishChecks.HasTheSectionsOf(Path.Combine(publish, "App"), sections.Main.Tree["App"]);
    }
}

public class SingleFilePublishTests
{
    [Fact]
    public void A_bundle_shows_its_files_and_their_packages()
    {
        using TestProject app = PublishChecks.App("<PublishSingleFile>true</PublishSingleFile><SelfContained>false</SelfContained>");
        app.Succeed("publish", "-r", "linux-x64");
        ReportDocument report = PublishChecks.IsTheFolder(app, "bin/Release/net10.0/linux-x64/binarysize", "bin/Release/net10.0/linux-x64/publish");
        Node bundle = report.Main.Tree["App"];
        Assert.Equal(["App.deps.json", "App.dll", "App.runtimeconfig.json", "Newtonsoft.Json.dll"], bundle.Of("file").Keys);
        Assert.Equal(Oracle.Size(app.PathOf("obj/Release/net10.0/linux-x64/App.dll")), bundle["App.dll"].Size);
        Assert.Equal(Oracle.Size(PublishChecks.InPackage("newtonsoft.json", "13.0.3", "lib/net6.0/Newtonsoft.Json.dll")), bundle["Newtonsoft.Json.dll"].Size);
        Assert.Equal("Newtonsoft.Json 13.0.3", bundle["Newtonsoft.Json.dll"].Package);
        Assert.Null(bundle["App.dll"].Package);
        Assert.Contains(bundle.Of("section").Keys, s => s == ".text");

        // On a publish that bundles nothing anew the packages are known all the same.
        File.Delete(app.PathOf("bin/Release/net10.0/linux-x64/binarysize/report.json"));
        app.Succeed("publish", "-r", "linux-x64");
        Assert.Equal(report.Text, app.Report("bin/Release/net10.0/linux-x64/binarysize").Text);

        // One that is cut off is measured all the same.
        string cut = app.PathOf("cut");
        Tool.Run("bash", "-c", "head -c -300000 \"$1\" > \"$2\"", "cut", app.PathOf("bin/Release/net10.0/linux-x64/publish/App"), cut);
        app.Write("Directory.Build.targets", "<Project><ItemGroup><BinarySizeArtifact Include=\"cut\" /></ItemGroup></Project>");
        Outcome built = app.Dotnet("build");
        Assert.Equal(0, built.Code);
        Assert.Contains(TestProject.Diagnostics(built), d => (d.Code, d.Kind) == ("BSZ4003", "warning") && d.Message.Contains("'cut': the single-file bundle", StringComparison.Ordinal));
        Assert.Equal(Oracle.Size(cut), app.Report("bin/Debug/binarysize/net10.0").Artifacts[1].Size);
    }

    [Fact]
    public void Compressed_files_are_counted_as_they_ship()
    {
        using TestProject app = PublishChecks.App("""
            <PublishSingleFile>true</PublishSingleFile><SelfContained>true</SelfContained><EnableCompressionInSingleFile>true</EnableCompressionInSingleFile>
            <IncludeNativeLibrariesForSelfExtract>true</IncludeNativeLibrariesForSelfExtract>
            """);
        app.Succeed("publish", "-r", "linux-x64", "-p:DebugType=none");
        ReportDocument report = PublishChecks.IsTheFolder(app, "bin/Release/net10.0/linux-x64/binarysize", "bin/Release/net10.0/linux-x64/publish");
        Node bundle = Assert.Single(report.Main.Tree.Children);
        Node json = bundle["Newtonsoft.Json.dll"];
        long unpacked = Oracle.Size(PublishChecks.InPackage("newtonsoft.json", "13.0.3", "lib/net6.0/Newtonsoft.Json.dll"));
        Assert.Equal(unpacked, json.Unpacked);
        Assert.True(json.Size < unpacked * 6 / 10);
        Node core = bundle["System.Private.CoreLib.dll"];
        Assert.StartsWith("Microsoft.NETCore.App.Runtime.linux-x64 10.", core.Package);
        Assert.Equal(Oracle.Size(PublishChecks.InPackage("microsoft.netcore.app.runtime.linux-x64", core.Package!.Split(' ')[1], "runtimes/linux-x64/lib/net10.0/System.Private.CoreLib.dll")), core.Unpacked);
    }
}

public class ReadyToRunPublishTests
{
    [Fact]
    public void Compiled_files_keep_their_packages()
    {
        using TestProject app = PublishChecks.App("<PublishReadyToRun>true</PublishReadyToRun><SelfContained>false</SelfContained>");
        app.Succeed("publish", "-r", "linux-x64");
        ReportDocument report = PublishChecks.IsTheFolder(app, "bin/Release/net10.0/linux-x64/binarysize", "bin/Release/net10.0/linux-x64/publish");
        Node json = report.Main.Tree["Newtonsoft.Json.dll"];
        Assert.Equal("Newtonsoft.Json 13.0.3", json.Package);
        Assert.True(json.Size > Oracle.Size(PublishChecks.InPackage("newtonsoft.json", "13.0.3", "lib/net6.0/Newtonsoft.Json.dll")));
    }
}
