using System.Text.Json;

namespace BinarySize.EndToEnd;

/// <summary>The package as an MSBuild SDK, which the restore sees.</summary>
public class ProfileSdkTests
{
    private static readonly string s_sdk = $"BinarySize.Build/{Package.Version};Microsoft.NET.Sdk";

    private static (string Aot, string Trimmed) Chosen(TestProject app, params string[] arguments)
    {
        Outcome outcome = Tool.Try("dotnet", ["msbuild", "-getProperty:PublishAot,PublishTrimmed", "-p:Configuration=Release", .. arguments], app.Folder);
        Assert.True(outcome.Code == 0, outcome.ToString());
        using JsonDocument json = JsonDocument.Parse(outcome.Output[outcome.Output.IndexOf('{', StringComparison.Ordinal)..]);
        JsonElement properties = json.RootElement.GetProperty("Properties");
        // NativeAOT implies trimming, which the SDK then says itself.
        string aot = properties.GetProperty("PublishAot").GetString()!;
        return (aot, aot == "true" ? "" : properties.GetProperty("PublishTrimmed").GetString()!);
    }

    [Fact]
    public void Profiles_that_shrink_choose_how_an_executable_is_published_that_does_not_say()
    {
        using var app = new TestProject();
        app.Write("App.csproj", TestProject.Text(properties: "<OutputType>Exe</OutputType>", framework: "net9.0", sdk: s_sdk, reference: false));
        app.Write("Program.cs", "System.Console.WriteLine();\n");
        Assert.Equal(("", ""), Chosen(app));
        Assert.Equal(("", ""), Chosen(app, "-p:BinarySizeProfile=General"));
        Assert.Equal(("true", ""), Chosen(app, "-p:BinarySizeProfile=Serverless"));
        Assert.Equal(("true", ""), Chosen(app, "-p:BinarySizeProfile=Embedded"));
        Assert.Equal(("", "true"), Chosen(app, "-p:BinarySizeProfile=Embedded", "-p:RuntimeIdentifier=win-x64"));
        Assert.Equal(("", "true"), Chosen(app, "-p:BinarySizeProfile=WebAssembly", "-p:RuntimeIdentifier=browser-wasm"));
        Assert.Equal(("", ""), Chosen(app, "-p:BinarySizeProfile=Embedded", "-p:SelfContained=true"));
        Assert.Equal(("", "true"), Chosen(app, "-p:BinarySizeProfile=Embedded", "-p:PublishTrimmed=true"));
        Assert.Equal(("false", ""), Chosen(app, "-p:BinarySizeProfile=Embedded", "-p:PublishAot=false"));
        Assert.Equal(("", ""), Chosen(app, "-p:BinarySizeProfile=Embedded", "-p:OutputType=Library"));
    }

    [Fact]
    public void Named_in_directory_build_props_it_works_for_every_project_with_targets_and_budgets()
    {
        using TestProject app = TestProject.Console(framework: "net10.0");
        app.Write("App.csproj", TestProject.Text(properties: "<OutputType>Exe</OutputType><BinarySizeBudget>1 kB</BinarySizeBudget>", reference: false));
        app.Write("Directory.Build.props", $"<Project><Sdk Name=\"BinarySize.Build\" Version=\"{Package.Version}\" /></Project>");
        Assert.Equal("BSZ2001", Assert.Single(app.Fail("build")).Code);
        Assert.Equal(("true", ""), Chosen(app, "-p:BinarySizeProfile=SizeCritical"));
        // And beside a reference to the same package nothing is imported twice.
        app.Write("App.csproj", TestProject.Text(properties: "<OutputType>Exe</OutputType>"));
        app.Succeed("build");
        Outcome twice = app.Dotnet("build", "-warnaserror");
        Assert.True(twice.Code == 0, twice.ToString());
    }

    [Fact]
    public void Several_target_frameworks_are_built_and_packed()
    {
        using TestProject lib = TestProject.Library(framework: "net9.0;net10.0");
        lib.Write("Lib.csproj", TestProject.Text(framework: "net9.0;net10.0", sdk: s_sdk, reference: false));
        lib.Succeed("pack");
        Assert.Contains("Lib.1.0.0.nupkg", lib.Report("bin/binarysize/Lib").Text, StringComparison.Ordinal);
    }
}
