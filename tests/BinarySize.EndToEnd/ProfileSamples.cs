using System.Collections.Concurrent;

[assembly: AssemblyFixture(typeof(BinarySize.EndToEnd.ProfileSamples))]

namespace BinarySize.EndToEnd;

/// <summary>
/// The apps of tests/apps as each profile publishes them with NativeAOT, once a run: main binaries before packing, against
/// plain PublishAot of the same source.
/// </summary>
public sealed class ProfileSamples : IDisposable
{
    private readonly ConcurrentDictionary<(string App, string Profile), Lazy<string>> _published = new();
    private readonly ConcurrentBag<TestProject> _projects = [];

    /// <summary>The publish folder of an app; without the package where <paramref name="profile"/> is "plain".</summary>
    public string Publish(string app, string profile) => _published.GetOrAdd((app, profile), key => new Lazy<string>(() =>
    {
        TestProject project = Project(app, profile != "plain");
        _projects.Add(project);
        Outcome outcome = project.Dotnet("publish", "-c", "Release", "-r", "linux-x64", "-p:PublishAot=true", $"-p:BinarySizeProfile={(profile == "plain" ? "None" : profile)}", "-p:BinarySizePack=false", "-o", project.PathOf("out/publish"));
        Assert.True(outcome.Code == 0, outcome.ToString());
        // What it was made of is of no use any more.
        foreach (string folder in (string[])["obj", "bin"]) Directory.Delete(project.PathOf(folder), recursive: true);
        return project.PathOf("out/publish");
    })).Value;

    /// <summary>Bytes of the main binary, which has run and said what it should.</summary>
    public long Size(string app, string profile)
    {
        string binary = Path.Combine(Publish(app, profile), app);
        Runs(app, binary);
        return Oracle.Size(binary);
    }

    /// <summary>Runs an app's smoke test.</summary>
    public static void Runs(string app, string binary) => Assert.Equal("OK", Tool.Run(Path.Combine(Package.Repository, "tests", "apps", "verify", "smoke.sh"), app, binary).Trim());

    /// <summary>An app of tests/apps, by its path there, in a folder of its own.</summary>
    internal static TestProject Project(string app, bool withPackage)
    {
        var project = new TestProject(Path.GetFileName(app));
        string apps = Path.Combine(Package.Repository, "tests", "apps");
        foreach (string file in (string[])[.. Directory.GetFiles(apps, "Directory.*"), .. Directory.GetFiles(Path.Combine(apps, app))]) File.Copy(file, project.PathOf(Path.GetFileName(file)));
        if (withPackage) project.Write("Directory.Build.targets", $"""<Project><ItemGroup><PackageReference Include="BinarySize.Build" Version="{Package.Version}" PrivateAssets="all" /></ItemGroup></Project>""");
        return project;
    }

    public void Dispose()
    {
        foreach (TestProject project in _projects) project.Dispose();
    }
}
