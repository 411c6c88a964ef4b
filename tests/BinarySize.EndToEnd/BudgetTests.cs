using System.IO.Compression;

namespace BinarySize.EndToEnd;

/// <summary>Budgets that are right: what each metadata selects and what it comes to.</summary>
public class BudgetTests
{
    [Fact]
    public void Every_scope_and_metric_measures_what_it_says()
    {
        using TestProject app = TestProject.Console("""
              <ItemGroup>
                <PackageReference Include="Newtonsoft.Json" Version="13.0.3" />
              </ItemGroup>
              <ItemGroup>
                <BinarySizeBudget Include="all" Max="10 MB" Warn="9 MB" Owner="@core" />
                <BinarySizeBudget Include="dlls" Scope="file" Match="*.dll" Max="2 MiB" />
                <BinarySizeBudget Include="each-dll" Scope="file" Match="*.dll" Each="true" Max="1 MiB" />
                <BinarySizeBudget Include="text" Scope="section" Match=".text" Max="2 MB" Stage="Publish" />
                <BinarySizeBudget Include="package" Scope="package" Match="newtonsoft.*" Max="1 MB" />
                <BinarySizeBudget Include="gzip" Scope="file" Match="Newtonsoft.Json.dll" Metric="gzip" Max="1 MB" Stage="Publish" />
                <BinarySizeBudget Include="brotli" Scope="file" Match="App.dll;App.pdb" Metric="brotli" Max="1 MB" Stage="Publish;Build" />
                <BinarySizeBudget Include="files" Metric="count" Max="20" />
                <BinarySizeBudget Include="dll-count" Scope="file" Match="**/*.dll" Metric="count" Max="2" MinMatches="2" Stage="Publish" />
                <BinarySizeBudget Include="absent" Scope="file" Match="*.so" Max="1 B" MinMatches="0" />
                <BinarySizeBudget Include="forbidden" Scope="package" Match="Dapper" Forbid="true" />
                <BinarySizeBudget Include="packed-only" Max="1 B" Stage="Pack;Container" />
              </ItemGroup>
            """);
        app.Write("Program.cs", "System.Console.WriteLine(Newtonsoft.Json.JsonConvert.ToString(\"Hello\"));\n");
        Outcome published = app.Succeed("publish");
        ReportDocument report = app.Report("bin/Release/net10.0/binarysize");
        string publish = app.PathOf("bin/Release/net10.0/publish");
        long dll = Oracle.Size(Path.Combine(publish, "App.dll")), json = Oracle.Size(Path.Combine(publish, "Newtonsoft.Json.dll"));

        Assert.Equal(Oracle.DiskUsage(publish), report.Budget("all").Value);
        Assert.Equal((10_000_000, 9_000_000), (report.Budget("all").Max, report.Budget("all").Warn));
        Assert.Equal((dll + json, 2 << 20), (report.Budget("dlls").Value, report.Budget("dlls").Max));
        Assert.Equal(json, report.Budget("each-dll").Value);
        Assert.Equal(["Newtonsoft.Json.dll", "App.dll"], report.Budget("each-dll").Matches);
        Assert.True(report.Budget("text").Value > Oracle.Sections(Path.Combine(publish, "App"))[".text"]);
        Assert.Equal(json, report.Budget("package").Value);
        // gzip's size depends on the deflater only a little: the file's name that the tool stores is left out.
        long gzip = long.Parse(Tool.Run("bash", "-c", "gzip -9nc \"$1\" | wc -c", "gzip", Path.Combine(publish, "Newtonsoft.Json.dll")).Trim(), System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(report.Budget("gzip").Value, gzip * 97 / 100, gzip * 103 / 100);
        Assert.Equal(Brotli(Path.Combine(publish, "App.dll")) + Brotli(Path.Combine(publish, "App.pdb")), report.Budget("brotli").Value);
        Assert.Equal(Oracle.Files(publish).Count, report.Budget("files").Value);
        Assert.Equal(2, report.Budget("dll-count").Value);
        Assert.Equal((0, 0), (report.Budget("absent").Value, report.Budget("forbidden").MatchCount));
        Assert.DoesNotContain(report.Budgets, b => b.Name == "packed-only");
        Assert.All(report.Budgets, b => Assert.Equal("ok", b.Verdict));

        // A second package of the same content costs no second compression, and says the same.
        Assert.Equal(TestProject.Arrow(published, "publish/"), TestProject.Arrow(app.Succeed("publish"), "publish/"));
        Assert.NotEmpty(Directory.GetFiles(app.PathOf("obj"), "compressed.cache", SearchOption.AllDirectories));
    }

    [Fact]
    public void What_is_over_fails_with_place_amount_and_contributors()
    {
        using TestProject app = TestProject.Console("""
              <ItemGroup>
                <PackageReference Include="Newtonsoft.Json" Version="13.0.3" />
              </ItemGroup>
              <ItemGroup>
                <BinarySizeBudget Include="all" Max="10 kB" Owner="@core" />
                <BinarySizeBudget Include="each" Scope="file" Match="*.dll" Each="true" Max="1 kB" />
                <BinarySizeBudget Include="no-newtonsoft" Scope="package" Match="Newtonsoft.Json" Forbid="true" />
                <BinarySizeBudget Include="count" Metric="count" Max="2" />
                <BinarySizeBudget Include="near" Warn="1 kB" Max="10 GB" Stage="Publish" />
                <BinarySizeBudget Include="brotli" Scope="file" Match="App.dll" Metric="brotli" Max="10" Stage="Publish" />
              </ItemGroup>
            """);
        app.Write("Program.cs", "System.Console.WriteLine(Newtonsoft.Json.JsonConvert.ToString(\"Hello\"));\n");
        Outcome outcome = app.Dotnet("publish");
        Assert.Equal(1, outcome.Code);
        List<Diagnostic> found = TestProject.Diagnostics(outcome);
        Assert.All(found, d => Assert.Equal(app.ProjectFile, d.File));

        string publish = app.PathOf("bin/Release/net10.0/publish");
        long size = Oracle.DiskUsage(publish);
        string exact = size.ToString("N0", System.Globalization.CultureInfo.InvariantCulture);
        Diagnostic all = found.Single(d => d.Line == 13);
        Assert.Equal(("BSZ2001", "error", 5), (all.Code, all.Kind, all.Column));
        Assert.Contains($"Size budget 'all' (net10.0/Release) is ", all.Message);
        Assert.Contains($"over: {exact} B > 10,000 B (10 kB).", all.Message);
        Assert.Contains("Largest: Newtonsoft.Json.dll 695.8 KiB, App 76.", all.Message);
        Assert.Contains("Owner: @core.", all.Message);

        Assert.Equal(["App.dll", "Newtonsoft.Json.dll"], found.Where(d => d.Line == 14).Select(d => d.Message.Split("for '")[1].Split('\'')[0]).Order(StringComparer.Ordinal));
        Assert.Equal("BSZ2003", found.Single(d => d.Line == 15).Code);
        Assert.Contains("forbids package 'Newtonsoft.Json', but it ships: Newtonsoft.Json (695.8 KiB)", found.Single(d => d.Line == 15).Message);
        Assert.Contains("is over: 6 > 2.", found.Single(d => d.Line == 16).Message);
        Diagnostic near = found.Single(d => d.Line == 17);
        Assert.Equal(("BSZ2101", "warning"), (near.Code, near.Kind));
        Assert.Contains("after brotli -q 11", found.Single(d => d.Line == 18).Message);
        Assert.Equal("over", app.Report("bin/Release/net10.0/binarysize").Budget("all").Verdict);
    }

    [Fact]
    public void A_warning_passes_and_is_an_error_where_the_project_says_so()
    {
        using TestProject app = TestProject.Console("""
              <ItemGroup>
                <BinarySizeBudget Include="soft" Warn="1 kB" />
              </ItemGroup>
            """);
        Outcome built = app.Dotnet("build");
        Assert.Equal(0, built.Code);
        Diagnostic near = Assert.Single(TestProject.Diagnostics(built));
        Assert.Equal(("BSZ2101", "warning", 10, 5), (near.Code, near.Kind, near.Line, near.Column));

        Diagnostic error = Assert.Single(app.Fail("build", "--no-restore", "-p:MSBuildWarningsAsErrors=BSZ2101"));
        Assert.Equal(("BSZ2101", "error"), (error.Code, error.Kind));
        Assert.Empty(TestProject.Diagnostics(app.Succeed("build", "--no-restore", "-p:MSBuildWarningsAsMessages=BSZ2101")));
    }

    [Fact]
    public void Both_loggers_show_the_error_with_its_code_and_exit_with_one()
    {
        using TestProject app = TestProject.Console("""
              <ItemGroup>
                <BinarySizeBudget Include="tiny" Max="1 kB" />
              </ItemGroup>
            """);
        Assert.Equal("BSZ2001", Assert.Single(app.Fail("build")).Code);
        Outcome terminal = app.Dotnet("build", "--no-restore", "-tl:on");
        Assert.Equal(1, terminal.Code);
        Assert.Contains("BSZ2001", terminal.Output);
        Assert.Contains("Size budget 'tiny'", terminal.Output);
        Assert.Contains("(10,5)", terminal.Output);
        // The code is a link to its page, which is there.
        Assert.Contains("/docs/diagnostics/BSZ2001.md", terminal.Output);
        Assert.True(File.Exists(Path.Combine(Package.Repository, "docs", "diagnostics", "BSZ2001.md")));
        // So is the line of the project: the size stands on it, without a message of its own.
        Assert.Contains("bin/Debug/net10.0/ (9", terminal.Output);
    }

    [Fact]
    public void The_shorthand_is_found_where_it_was_written()
    {
        using TestProject app = TestProject.Console("", "<BinarySizeBudget>1 kB</BinarySizeBudget>");
        Diagnostic here = Assert.Single(app.Fail("build"));
        Assert.Equal((app.ProjectFile, 4, 33), (here.File, here.Line, here.Column));
        Assert.Contains("Size budget 'total'", here.Message);

        app.Write("App.csproj", TestProject.Text("", "<OutputType>Exe</OutputType>"));
        string props = app.Write("Directory.Build.props", "<Project>\n  <PropertyGroup>\n    <BinarySizeBudget>2 kB</BinarySizeBudget>\n  </PropertyGroup>\n</Project>\n");
        Diagnostic above = Assert.Single(app.Fail("build"));
        Assert.Equal((props, 3, 5), (above.File, above.Line, above.Column));

        // The line moves with the file, although nothing that is measured changes.
        app.Write("Directory.Build.props", "<Project>\n\n" + File.ReadAllText(props)[10..]);
        Diagnostic moved = Assert.Single(app.Fail("build", "--no-restore"));
        Assert.Equal((props, 4, 5), (moved.File, moved.Line, moved.Column));

        // Typed on the command line it wins, and the project is its place.
        app.Succeed("build", "--no-restore", "-p:BinarySizeBudget=5 MiB");
        Diagnostic typo = Assert.Single(app.Fail("build", "--no-restore", "-p:BinarySizeBudget=5 Mib"));
        Assert.Equal("BSZ1001", typo.Code);
        Assert.Contains("'5 Mib'", typo.Message);
    }

    private static long Brotli(string file)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, new BrotliCompressionOptions { Quality = 11 }, leaveOpen: true)) brotli.Write(File.ReadAllBytes(file));
        return packed.Length;
    }
}
