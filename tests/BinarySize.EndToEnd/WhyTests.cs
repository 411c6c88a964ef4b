namespace BinarySize.EndToEnd;

/// <summary>dotnet publish -t:BinarySizeWhy: what keeps something in what was published.</summary>
public class WhyTests
{
    [Fact]
    public void A_native_executable_is_explained_and_stays_the_same()
    {
        using TestProject app = TestProject.Console("", "<PublishAot>true</PublishAot>", "net9.0");
        string[] common = ["publish", "-r", "linux-x64", "-t:BinarySizeWhy"];
        Outcome why = app.Succeed([.. common, "-p:BinarySizeWhyName=System.Console"]);
        Assert.Contains("assembly System.Console", why.Output, StringComparison.Ordinal);
        Assert.Contains("(entry point)", why.Output, StringComparison.Ordinal);
        Assert.Contains("calls Console.WriteLine", why.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("would go with it", why.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(app.PathOf("obj/Release/net9.0/linux-x64/native/App.scan.dgml.xml")));
        string exe = app.PathOf("bin/Release/net9.0/linux-x64/publish/App");
        byte[] explained = File.ReadAllBytes(exe);

        // Names that are not there, and nothing to explain at all.
        Diagnostic nothing = Assert.Single(app.Fail([.. common, "-p:BinarySizeWhyName=System.Consol"]));
        Assert.Equal("BSZ1015", nothing.Code);
        Assert.Contains("Closest: 'System.Console'", nothing.Message, StringComparison.Ordinal);
        Assert.Equal("BSZ1015", Assert.Single(app.Fail(common)).Code);
        Assert.Equal("BSZ1005", Assert.Single(app.Fail([.. common, "-p:BinarySizeWhyName=System.Console", "-p:BinarySizeWhyGraph=All"])).Code);

        // All reasons: what would go. An ordinary publish afterwards gives the same bytes.
        Outcome full = app.Succeed([.. common, "-p:BinarySizeWhyGraph=Full"]);
        Assert.Contains("What would go with one of these alone", full.Output, StringComparison.Ordinal);
        Assert.Contains("Console.WriteLine", full.Output, StringComparison.Ordinal);
        app.Succeed("publish", "-r", "linux-x64");
        Assert.Equal(explained, File.ReadAllBytes(exe));
    }

    [Fact]
    public void A_trimmed_app_is_explained_although_it_was_trimmed_before()
    {
        using TestProject app = PublishChecks.App("<PublishTrimmed>true</PublishTrimmed><RuntimeIdentifier>linux-x64</RuntimeIdentifier><SuppressTrimAnalysisWarnings>true</SuppressTrimAnalysisWarnings>");
        app.Dotnet("publish");
        Outcome why = app.Dotnet("publish", "-t:BinarySizeWhy", "-p:BinarySizeWhyName=Newtonsoft.Json");
        Assert.True(why.Code == 0, why.ToString());
        Assert.Contains("package Newtonsoft.Json", why.Output, StringComparison.Ordinal);
        Assert.Contains("Packages: App -> Newtonsoft.Json", why.Output, StringComparison.Ordinal);
        Assert.Contains("(root assembly)", why.Output, StringComparison.Ordinal);
        Assert.Contains("would go with it", why.Output, StringComparison.Ordinal);
    }
}
