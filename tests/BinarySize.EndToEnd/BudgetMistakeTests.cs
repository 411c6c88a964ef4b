namespace BinarySize.EndToEnd;

/// <summary>One project with every mistake that a budget can have: one build that names them all.</summary>
public sealed class BudgetMistakes : IDisposable
{
    private readonly TestProject _app;

    public BudgetMistakes()
    {
        _app = TestProject.Console("""
              <ItemGroup>
                <BinarySizeBudget Include="metadata" Max="1 MB" Mtach="*.dll" Scope="file" />
                <BinarySizeBudget Include="twice" Max="1 MB" />
                <BinarySizeBudget Include="TWICE" Max="2 MB" />
                <BinarySizeBudget Include="words" Max="500 KB x" />
                <BinarySizeBudget Include="comma" Max="1,5MB" />
                <BinarySizeBudget Include="unit" Max="5 Mib" />
                <BinarySizeBudget Include="negative" Max="-1" />
                <BinarySizeBudget Include="scope" Max="1 MB" Scope="pakage" />
                <BinarySizeBudget Include="metric" Max="1 MB" Metric="gzipped" />
                <BinarySizeBudget Include="stage" Max="1 MB" Stage="Publishing" />
                <BinarySizeBudget Include="flag" Max="1 MB" Scope="file" Match="*.dll" Each="yes" />
                <BinarySizeBudget Include="minimum" Max="1 MB" MinMatches="few" />
                <BinarySizeBudget Include="nothing" />
                <BinarySizeBudget Include="contradiction" Max="1 MB" Warn="2 MB" />
                <BinarySizeBudget Include="forbid-all" Forbid="true" />
                <BinarySizeBudget Include="growth" MaxGrowth="1 kb" />
                <BinarySizeBudget Include="no-match" Scope="file" Match="App.dlll" Max="1 MB" />
                <BinarySizeBudget Include="no-package" Scope="package" Match="Newtonsoft" Max="1 MB" />
                <BinarySizeBudget Include="minimum-matches" Scope="file" Match="*.dll" Max="1 MB" MinMatches="7" Stage="Build" />
                <BinarySizeBudget Include="count" Metric="count" Max="1 MB" />
                <PackageReference Include="Newtonsoft.Json" Version="13.0.3" />
              </ItemGroup>
            """);
        Props = _app.Write("Directory.Build.props", """
            <Project>
              <ItemGroup>
                <BinarySizeBudget Include="above" Max="1 parsec" />
              </ItemGroup>
            </Project>
            """);
        Found = _app.Fail("build", "-p:BinarySizeReportFormats=json%3Bdocx");
        Project = _app.ProjectFile;
    }

    internal List<Diagnostic> Found { get; }

    public string Project { get; }

    public string Props { get; }

    public void Dispose() => _app.Dispose();
}

/// <summary>A mistake is an error that says where it is and what would be right; nothing is guessed, nothing passes for ever.</summary>
public class BudgetMistakeTests(BudgetMistakes mistakes) : IClassFixture<BudgetMistakes>
{
    [Theory]
    [InlineData("metadata", "BSZ1002", 10, "unknown metadata 'Mtach'. Did you mean 'Match'?")]
    [InlineData("TWICE", "BSZ1004", 12, "the first one stands in App.csproj line 11")]
    [InlineData("words", "BSZ1001", 13, "Max '500 KB x', which is not a size. Write a number with a unit")]
    [InlineData("comma", "BSZ1001", 14, "Max '1,5MB', which is not a size.")]
    [InlineData("unit", "BSZ1001", 15, "Max '5 Mib', which is not a size.")]
    [InlineData("negative", "BSZ1001", 16, "Max '-1', which is not a size.")]
    [InlineData("scope", "BSZ1005", 17, "Scope 'pakage'. Did you mean 'package'? Known are: artifact, file, section, package,")]
    [InlineData("metric", "BSZ1005", 18, "Metric 'gzipped'. Did you mean 'gzip'?")]
    [InlineData("stage", "BSZ1005", 19, "Stage 'Publishing'. Did you mean 'Publish'?")]
    [InlineData("flag", "BSZ1005", 20, "Each 'yes'; write true or false.")]
    [InlineData("minimum", "BSZ1005", 21, "MinMatches 'few'")]
    [InlineData("nothing", "BSZ1006", 22, "sets no limit. Add Max, Warn, MaxGrowth, MaxGrowthPercent or Forbid.")]
    [InlineData("contradiction", "BSZ1006", 23, "Warn must be lower.")]
    [InlineData("forbid-all", "BSZ1006", 24, "Add Match.")]
    [InlineData("growth", "BSZ1001", 25, "MaxGrowth '1 kb', which is not a size.")]
    [InlineData("no-match", "BSZ1003", 26, "Closest: 'App.dll'.")]
    [InlineData("no-package", "BSZ1003", 27, "Closest: 'Newtonsoft.Json'.")]
    [InlineData("minimum-matches", "BSZ1003", 28, "needs 7 (MinMatches)")]
    [InlineData("count", "BSZ1001", 29, "must be a whole number; it is '1 MB'")]
    public void Says_what_is_wrong_where_it_is_and_what_would_be_right(string budget, string code, int line, string text)
    {
        Diagnostic found = mistakes.Found.Single(d => d.Message.Contains($"'{budget}'", StringComparison.Ordinal) && d.Code == code);
        Assert.Contains(text, found.Message);
        Assert.Equal((mistakes.Project, line, 5, "error"), (found.File, found.Line, found.Column, found.Kind));
    }

    [Fact]
    public void One_that_was_inherited_is_placed_where_it_stands()
    {
        Diagnostic found = mistakes.Found.Single(d => d.Message.Contains("'above'", StringComparison.Ordinal));
        Assert.Equal(("BSZ1001", mistakes.Props, 3, 5), (found.Code, found.File, found.Line, found.Column));
    }

    [Fact]
    public void An_unknown_report_format_is_a_mistake_too()
    {
        Diagnostic found = Assert.Single(mistakes.Found, d => d.Code == "BSZ1007");
        Assert.Contains("'docx'. Known are: json, md, html, csv.", found.Message);
    }

    [Fact]
    public void Nothing_else_is_wrong() => Assert.Equal(21, mistakes.Found.Count);
}
