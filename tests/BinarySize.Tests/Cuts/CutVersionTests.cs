using BinarySize.Shrinking;
using BinarySize.Shrinking.Cuts;

namespace BinarySize.Tests.Cuts;

/// <summary>
/// Newer and older versions of what the catalogue cuts, as they come from the feed: a cut fits them, or the warning comes. What
/// its manifest says about it is what fits.
/// </summary>
public class CutVersionTests
{
    private static readonly CutCatalogue s_catalogue = new(Path.Combine(Samples.Root, "src", "BinarySize.Build", "Cuts"));

    // Packages by id, then by version, as restored for tests/apps/cuts/versions.
    private static readonly Lazy<string> s_packages = new(Restore);

    public static TheoryData<string> Names => [.. s_catalogue.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_cut_fits_the_versions_on_which_it_was_tried_and_warns_on_others(string name)
    {
        CutManifest manifest = s_catalogue.ManifestOf(name);
        List<string> fitting = [];
        string why = "";
        foreach (string version in Versions(manifest.Library))
        {
            CutPlan plan = Plan(name, CutCompiler.NativeAot, Assemblies(manifest.Library, version, CutCompiler.NativeAot));
            if (plan.Taken.Count == 1)
            {
                Assert.Empty(plan.Findings);
                fitting.Add(version);
                continue;
            }
            CutFinding finding = Assert.Single(plan.Findings);
            why += $"\n{version}: {finding.Message}";
            Assert.Equal((FindingSeverity.Warning, "BSZ5401"), (finding.Severity, finding.Code));
            Assert.Contains($"It was tried on {(manifest.Library is "framework" or "aspnetcore" ? ".NET" : manifest.Library)} {string.Join(", ", manifest.Tried)}.", finding.Message, StringComparison.Ordinal);
        }
        Assert.True(fitting.SequenceEqual(manifest.Tried), $"fits {string.Join(", ", fitting)}{why}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_trimmer_takes_what_profiles_give_it(string name)
    {
        CutManifest manifest = s_catalogue.ManifestOf(name);
        CutPlan plan = Plan(name, CutCompiler.Trimmer, Assemblies(manifest.Library, manifest.Tried[^1], CutCompiler.Trimmer));
        bool isGiven = manifest.Profiles.Count > 0 && manifest.When?.Contains("'$(PublishAot)' == 'true'", StringComparison.Ordinal) != true;
        Assert.True(plan.Taken.Count == 1 || !isGiven, string.Join('\n', plan.Left.Select(l => l.Reason)));
    }

    private static CutPlan Plan(string name, CutCompiler compiler, IReadOnlyList<string> assemblies) =>
        CutPlan.Make(new CutRequest { Catalogue = s_catalogue, Cuts = [new WantedCut(name, null, ByProfile: false)], Compiler = compiler, Assemblies = assemblies });

    private static IEnumerable<string> Versions(string library)
    {
        string id = library switch { "framework" => "microsoft.netcore.app.runtime.linux-x64", "aspnetcore" => "microsoft.aspnetcore.app.runtime.linux-x64", _ => library.ToLowerInvariant() };
        return Wanted().Where(p => p.Id.Equals(id, StringComparison.OrdinalIgnoreCase)).Select(p => p.Version).OrderBy(Version.Parse);
    }

    private static List<string> Assemblies(string library, string version, CutCompiler compiler)
    {
        if (library == "aspnetcore") return In("microsoft.aspnetcore.app.runtime.linux-x64", version, "runtimes/linux-x64/lib");
        if (library == "framework")
        {
            List<string> framework = In("microsoft.netcore.app.runtime.linux-x64", version, "runtimes/linux-x64/lib");
            // The NativeAOT compiler brings a core library of its own.
            string native = Path.Combine(s_packages.Value, "runtime.linux-x64.microsoft.dotnet.ilcompiler", version, "sdk", "System.Private.CoreLib.dll");
            if (compiler == CutCompiler.NativeAot && File.Exists(native)) framework = [native, .. framework.Where(f => Path.GetFileName(f) != "System.Private.CoreLib.dll")];
            return framework;
        }
        List<string> assemblies = In(library.ToLowerInvariant(), version, "lib");
        // Hosts read files by a package whose versions go along.
        if (library == "Microsoft.Extensions.Hosting")
        {
            string major = version[..(version.IndexOf('.', StringComparison.Ordinal) + 1)];
            assemblies.AddRange(In("microsoft.extensions.configuration.fileextensions", Versions("Microsoft.Extensions.Configuration.FileExtensions").Last(v => v.StartsWith(major, StringComparison.Ordinal)), "lib"));
        }
        return assemblies;
    }

    // Assemblies of the folder for the newest framework that is not newer than .NET 10.
    private static List<string> In(string id, string version, string folder)
    {
        string lib = Path.Combine(s_packages.Value, id, version, folder);
        string best = Directory.GetDirectories(lib).Select(d => Path.GetFileName(d)!).OrderBy(Rank).Last();
        return [.. Directory.GetFiles(Path.Combine(lib, best), "*.dll")];
    }

    private static (int, Version) Rank(string framework) =>
        framework.StartsWith("netstandard", StringComparison.Ordinal) ? (1, Version.Parse(framework[11..]))
        : framework.StartsWith("net", StringComparison.Ordinal) && framework.Contains('.', StringComparison.Ordinal) && Version.TryParse(framework[3..], out Version? version) && version.Major is >= 5 and <= 10 ? (2, version)
        : (0, new Version(0, 0));

    private static IEnumerable<(string Id, string Version)> Wanted() =>
        from download in System.Xml.Linq.XDocument.Load(Project).Descendants("PackageDownload")
        from version in download.Attribute("Version")!.Value.Split(';')
        select (download.Attribute("Include")!.Value, version.Trim('[', ']'));

    private static string Project => Path.Combine(Samples.Root, "tests", "apps", "cuts", "versions", "versions.csproj");

    private static string Restore()
    {
        string folder = Samples.Make("versions", [Project], [], f =>
        {
            File.Copy(Project, Path.Combine(f, "versions.csproj"));
            foreach (string file in Directory.GetFiles(Path.Combine(Samples.Root, "tests", "apps"))) File.Copy(file, Path.Combine(f, Path.GetFileName(file)));
        });
        // Always: what was restored once may have been taken away again.
        Tool.Run("dotnet", "restore", Path.Combine(folder, "versions.csproj"), "--nologo");
        return Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } packages ? packages : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
    }
}
