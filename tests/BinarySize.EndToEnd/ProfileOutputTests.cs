namespace BinarySize.EndToEnd;

/// <summary>What profiles and shrinking make of apps that are not compiled ahead of time.</summary>
public sealed class ProfileOutputTests
{
    private const string Out = "out/publish", Reports = "out/binarysize";

    [Theory]
    [InlineData("hello", 0.36)]
    [InlineData("jsoncli", 0.41)]
    [InlineData("webapi", 0.43)]
    [InlineData("sqlcli", 0.47)]
    public void A_trimmed_compressed_single_file_is_packed_by_its_host_and_works(string app, double share)
    {
        using TestProject project = ProfileSamples.Project(app, withPackage: true);
        Outcome outcome = project.Dotnet("publish", "-c", "Release", "-r", "linux-x64", "-p:PublishTrimmed=true", "-p:PublishSingleFile=true", "-p:SuppressTrimAnalysisWarnings=true", "-p:BinarySizeProfile=Embedded", "-o", project.PathOf(Out));
        Assert.True(outcome.Code == 0, outcome.ToString());
        string binary = project.PathOf($"{Out}/{app}");
        Shrunk.Row packed = Assert.Single(Shrunk.Ledger(project, Reports, Out), r => (r.Step, r.Target) == ("pack", app));
        Assert.Equal(("applied", Oracle.Size(binary)), (packed.Outcome, packed.After));
        Assert.InRange(packed.After / (double)packed.Before, 0.01, share);
        ProfileSamples.Runs(app, binary);

        // Off again: what it was made from is the whole bundle, compressed.
        Outcome off = project.Dotnet("publish", "-c", "Release", "-r", "linux-x64", "--no-build", "-p:PublishTrimmed=true", "-p:PublishSingleFile=true", "-p:BinarySizeProfile=Embedded", "-p:BinarySizePack=false", "-o", project.PathOf(Out));
        Assert.True(off.Code == 0, off.ToString());
        Assert.Equal(packed.Before, Oracle.Size(binary));
    }

    [Theory]
    [InlineData("SelfContained=true", 0.90)]
    [InlineData("SelfContained=true;PublishReadyToRun=true", 0.90)]
    [InlineData("SelfContained=true;PublishSingleFile=true", 0.90)]
    [InlineData("", 0.75)]
    public void Other_outputs_get_smaller_and_the_ledger_says_by_what(string properties, double share)
    {
        using TestProject app = TestProject.Console();
        app.Write("Program.cs", "System.Console.WriteLine(\"Hello, World!\");\n");
        Outcome outcome = app.Dotnet(["publish", "-c", "Release", "-r", "linux-x64", "-p:BinarySizeProfile=SizeCritical", "-p:BinarySizeVerifyCommand={artifact}",
            .. properties.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(p => "-p:" + p), .. properties.Length == 0 ? ["--self-contained", "false"] : Array.Empty<string>(), "-o", app.PathOf(Out)]);
        Assert.True(outcome.Code == 0, outcome.ToString());
        Assert.Equal("Hello, World!\n", Tool.Run(app.PathOf(Out + "/App")));
        List<Shrunk.Row> rows = Shrunk.Ledger(app, Reports, Out);
        long after = Oracle.DiskUsage(app.PathOf(Out)), before = after + rows.Where(r => r.Outcome == "applied").Sum(r => r.Before - r.After);
        Assert.InRange(after / (double)before, 0.01, share);
        Assert.Contains(rows, r => (r.Step, r.Target, r.Outcome, r.Verified) == ("pack", "App", "applied", "command"));
        // What was not made has its reason.
        Assert.All(rows.Where(r => r.Outcome == "left"), r => Assert.Matches("^BSZ5[0-9]{3}$", r.Code));
    }

    [Fact]
    public void A_browser_app_leaves_at_home_what_no_browser_needs_and_runs()
    {
        using TestProject app = TestProject.Console();
        app.Write("Program.cs", "System.Console.WriteLine(\"Hello, browser!\");\n");
        // As it is published without a workload.
        string[] publish = ["publish", "-r", "browser-wasm", "--self-contained", "true", "-p:UsingBrowserRuntimeWorkload=false", "-p:UseMonoRuntime=true", "-p:PublishTrimmed=true"];
        app.Succeed([.. publish, "-o", app.PathOf("plain/publish")]);
        Outcome outcome = app.Succeed([.. publish, "-p:BinarySizeProfile=WebAssembly", "-o", app.PathOf(Out)]);
        Assert.DoesNotContain(outcome.Lines, l => l.Contains("warning", StringComparison.Ordinal));
        Assert.InRange(Oracle.DiskUsage(app.PathOf(Out)) / (double)Oracle.DiskUsage(app.PathOf("plain/publish")), 0.01, 0.2);
        Assert.Equal(["cultures", "static", "symbols"], Shrunk.Ledger(app, Reports, Out).Where(r => r.Outcome == "applied").Select(r => r.Target));

        string[] core = ["System.Private.CoreLib.dll", "System.Runtime.InteropServices.JavaScript.dll"];
        string[] others = [.. Oracle.Files(app.PathOf(Out)).Keys.Where(f => f.EndsWith(".dll", StringComparison.Ordinal)).Except(core)];
        static string Names(params string[] files) => $"[{string.Join(", ", files.Select(f => $"{{ name: '{f}', virtualPath: '{f}' }}"))}]";
        string main = app.Write(Out + "/main.mjs", $$"""
            import { dotnet } from './dotnet.js';
            const { runMain } = await dotnet.withConfig({ mainAssemblyName: 'App.dll', globalizationMode: 'invariant', resources: {
              jsModuleNative: {{Names("dotnet.native.js")}}, jsModuleRuntime: {{Names("dotnet.runtime.js")}}, wasmNative: {{Names("dotnet.native.wasm")}},
              coreAssembly: {{Names(core)}}, assembly: {{Names(others)}} } }).create();
            process.exit(await runMain('App.dll', []));
            """);
        Assert.Equal("Hello, browser!\n", Tool.Run("node", main));
    }
}
