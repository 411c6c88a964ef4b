namespace BinarySize.EndToEnd;

/// <summary>Kinds of projects other than a console app.</summary>
public class ProjectKindTests
{
    [Fact]
    public void A_class_library_builds_its_assembly_alone()
    {
        using TestProject lib = TestProject.Library();
        Outcome built = lib.Succeed("build");
        ReportDocument report = lib.Report("bin/Debug/binarysize");
        Assert.Equal(Oracle.Files(lib.PathOf("bin/Debug/net10.0")), report.Main.Tree.Of("file"));
        Assert.Contains("Lib.dll", report.Main.Tree.Of("file").Keys);
        TestProject.Arrow(built);
    }

    [Fact]
    public void A_web_api_is_measured_with_its_content_at_build_and_at_publish()
    {
        using var api = new TestProject("Api");
        api.Write("Api.csproj", TestProject.Text("", "<ImplicitUsings>enable</ImplicitUsings><BinarySizeBudget>20 MB</BinarySizeBudget>", sdk: "Microsoft.NET.Sdk.Web"));
        api.Write("Program.cs", "var app = WebApplication.Create(args);\napp.MapGet(\"/\", () => \"Hello\");\napp.Run();\n");
        api.Write("appsettings.json", "{ \"AllowedHosts\": \"*\" }\n");
        api.Write("wwwroot/index.html", "<!doctype html><title>Hello</title>\n");
        api.Succeed("build");
        SortedDictionary<string, long> own = api.Report("bin/Debug/binarysize").Main.Tree.Of("file");
        Assert.Contains("Api.dll", own.Keys);
        Assert.Contains("appsettings.json", own.Keys);

        api.Succeed("publish");
        ReportDocument published = api.Report("bin/Release/net10.0/binarysize");
        Assert.Equal(string.Join('\n', Oracle.Files(api.PathOf("bin/Release/net10.0/publish"))), string.Join('\n', published.Main.Tree.Of("file")));
        Assert.Contains("wwwroot/index.html", published.Main.Tree.Of("file").Keys);
        Assert.Equal("ok", published.Budget("total").Verdict);

        // A report and a baseline that lie in the project's folder are no content of it.
        api.Succeed("publish", "-o", "out", "-t:BinarySizeUpdateBaseline");
        Assert.True(File.Exists(api.PathOf("binarysize/report.json")) && File.Exists(api.PathOf("binarysize.baseline.json")));
        api.Succeed("publish", "-o", "out");
        Assert.DoesNotContain(Oracle.Files(api.PathOf("out")).Keys, f => f.Contains("binarysize", StringComparison.Ordinal));
    }

    [Fact]
    public void Satellites_and_generated_documentation_are_the_projects_own()
    {
        using TestProject lib = TestProject.Library("", "<GenerateDocumentationFile>true</GenerateDocumentationFile>");
        foreach (string language in (string[])["de", "fr"])
        {
            lib.Write($"Texts.{language}.resx", """
                <root>
                  <resheader name="resmimetype"><value>text/microsoft-resx</value></resheader>
                  <resheader name="version"><value>2.0</value></resheader>
                  <resheader name="reader"><value>System.Resources.ResXResourceReader</value></resheader>
                  <resheader name="writer"><value>System.Resources.ResXResourceWriter</value></resheader>
                  <data name="Hello"><value>Guten Tag</value></data>
                </root>
                """);
        }
        lib.Dotnet("build");
        SortedDictionary<string, long> own = lib.Report("bin/Debug/binarysize").Main.Tree.Of("file");
        Assert.Equal(Oracle.Files(lib.PathOf("bin/Debug/net10.0")), own);
        Assert.Contains("de/Lib.resources.dll", own.Keys);
        Assert.Contains("Lib.xml", own.Keys);
    }
}
