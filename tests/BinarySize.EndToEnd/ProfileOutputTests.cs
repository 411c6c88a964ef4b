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
}
