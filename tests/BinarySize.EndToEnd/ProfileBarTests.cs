using System.Text.RegularExpressions;

namespace BinarySize.EndToEnd;

/// <summary>How small each profile makes each app, and that it still works.</summary>
public class ProfileBarTests(ProfileSamples samples)
{
    [Theory]
    [InlineData("hello", 0.99, 0.78, 0.69, 0.275)]
    [InlineData("jsoncli", 0.97, 0.85, 0.73, 0.275)]
    [InlineData("webapi", 0.96, 0.81, 0.67, 0.245)]
    [InlineData("sqlcli", 0.95, 0.72, 0.25, 0.095)]
    public void Each_app_gets_as_small_as_promised_and_works(string app, double general, double sizeCritical, double embedded, double packed)
    {
        double plain = samples.Size(app, "plain");
        Assert.InRange(samples.Size(app, "General") / plain, 0.01, general);
        Assert.InRange(samples.Size(app, "SizeCritical") / plain, 0.01, sizeCritical);
        Assert.InRange(samples.Size(app, "Embedded") / plain, 0.01, embedded);

        // Packed as the profile packs.
        using var folder = new TestProject();
        string binary = folder.PathOf(app);
        File.Copy(Path.Combine(samples.Publish(app, "Embedded"), app), binary);
        // What it loads lies beside it.
        foreach (string library in Directory.GetFiles(samples.Publish(app, "Embedded"), "*.so")) File.Copy(library, folder.PathOf(Path.GetFileName(library)));
        Tool.Run("upx", "-q", "-9", "--lzma", binary);
        ProfileSamples.Runs(app, binary);
        Assert.InRange(Oracle.Size(binary) / plain, 0.01, packed);

        // The package PublishAotCompressed calls "upx --best" on what the SDK's defaults link, and with its property
        // PublishLzmaCompressed "upx --best --lzma", which is smaller on each of these and takes seconds instead of minutes.
        string peer = folder.PathOf("peer");
        File.Copy(Path.Combine(samples.Publish(app, "plain"), app), peer);
        Tool.Run("upx", "-q", "--best", "--lzma", peer);
        Assert.InRange(Oracle.Size(binary), 1, Oracle.Size(peer) - 1);
    }
}

/// <summary>Production builds: traces and speed are kept, bytes are the same everywhere, symbols stay at home.</summary>
public class ProfileBinaryTests(ProfileSamples samples)
{
    [Fact]
    public void General_loses_nothing_that_torture_can_see()
    {
        using TestProject torture = ProfileSamples.Project("torture", withPackage: true);
        Outcome outcome = torture.Dotnet("publish", "-c", "Release", "-r", "linux-x64", "-p:PublishAot=true", "-p:BinarySizeProfile=General");
        Assert.True(outcome.Code == 0, outcome.ToString());
        ProfileSamples.Runs("torture", torture.PathOf("bin/Release/net9.0/linux-x64/publish/torture"));
    }

    [Fact]
    public void The_same_input_gives_the_same_bytes_elsewhere_and_links_again_when_only_linking_changed()
    {
        string first = samples.Publish("hello", "SizeCritical");
        Assert.Equal(["hello"], Oracle.Files(first).Keys);

        // Elsewhere, as an MSBuild SDK that turns NativeAOT on by itself.
        using var app = new TestProject("hello", "some where/else");
        string source = Path.Combine(Package.Repository, "tests", "apps", "hello");
        app.Write("hello.csproj", File.ReadAllText(Path.Combine(source, "hello.csproj"))
            .Replace("Microsoft.NET.Sdk", $"BinarySize.Build/{Package.Version};Microsoft.NET.Sdk", StringComparison.Ordinal)
            .Replace("<OutputType>", "<BinarySizeProfile>SizeCritical</BinarySizeProfile><BinarySizePack>false</BinarySizePack><IncludeSourceRevisionInInformationalVersion>false</IncludeSourceRevisionInInformationalVersion><OutputType>", StringComparison.Ordinal));
        app.Write("Program.cs", File.ReadAllText(Path.Combine(source, "Program.cs")));
        string[] publish = ["publish", "-r", "linux-x64"];
        app.Succeed(publish);
        string folder = app.PathOf("bin/Release/net9.0/linux-x64/publish"), binary = Path.Combine(folder, "hello");
        Tool.Run("cmp", Path.Combine(first, "hello"), binary);

        // The symbols are those of this binary, beside the folder that ships.
        string symbols = app.PathOf("bin/Release/net9.0/linux-x64/symbols/hello.dbg");
        Assert.Equal(BuildId(binary), BuildId(symbols));
        Assert.Equal(["hello"], Oracle.Files(folder).Keys);

        // The compiler has nothing to do, the linker has.
        string compiled = app.PathOf("obj/Release/net9.0/linux-x64/native/hello.o");
        DateTime time = File.GetLastWriteTimeUtc(compiled);
        long before = Oracle.Size(binary);
        app.Succeed([.. publish, "-p:StripSymbols=false", "-p:BinarySizeStrip=false"]);
        Assert.True(Oracle.Size(binary) > before * 2);
        app.Succeed([.. publish, "-p:BinarySizeHashStyle=both"]);
        Assert.Contains(".hash", Oracle.Sections(binary).Keys);
        app.Succeed(publish);
        Tool.Run("cmp", Path.Combine(first, "hello"), binary);
        DateTime linked = File.GetLastWriteTimeUtc(app.PathOf("bin/Release/net9.0/linux-x64/native/hello"));
        app.Succeed(publish);
        Assert.Equal(linked, File.GetLastWriteTimeUtc(app.PathOf("bin/Release/net9.0/linux-x64/native/hello")));
        Assert.Equal(time, File.GetLastWriteTimeUtc(compiled));

        // So it is in every profile from General on.
        foreach (string profile in (string[])["General", "Serverless", "Embedded"])
        {
            Outcome again = app.Dotnet([.. publish, $"-p:BinarySizeProfile={profile}", "-p:PublishAot=true"]);
            Assert.True(again.Code == 0, again.ToString());
            Tool.Run("cmp", Path.Combine(samples.Publish("hello", profile), "hello"), binary);
        }

        // An argument of the project's own stands.
        app.Write("Directory.Build.targets", "<Project><ItemGroup><LinkerArg Include=\"-Wl,--hash-style=sysv\" /></ItemGroup></Project>");
        app.Succeed(publish);
        Assert.DoesNotContain(".gnu.hash", Oracle.Sections(binary).Keys);
    }

    [Fact]
    public void A_trimmed_app_is_the_same_elsewhere_and_trimmed_again_when_a_switch_changed()
    {
        string[] publish = ["publish", "-c", "Release", "-r", "linux-x64", "-p:PublishTrimmed=true", "-p:BinarySizeProfile=General"];
        using TestProject one = ProfileSamples.Project("hello", withPackage: true), other = ProfileSamples.Project("hello", withPackage: true);
        one.Succeed(publish);
        other.Succeed(publish);
        string folder = one.PathOf("bin/Release/net9.0/linux-x64/publish");
        Tool.Run("diff", "-r", folder, other.PathOf("bin/Release/net9.0/linux-x64/publish"));
        Assert.DoesNotContain(Oracle.Files(folder).Keys, f => f.EndsWith(".pdb", StringComparison.Ordinal));
        Assert.True(File.Exists(one.PathOf("bin/Release/net9.0/linux-x64/symbols/hello.pdb")));
        ProfileSamples.Runs("hello", Path.Combine(folder, "hello"));

        long before = Oracle.Size(Path.Combine(folder, "System.Private.CoreLib.dll"));
        one.Succeed([.. publish, "-p:InvariantGlobalization=true"]);
        Assert.True(Oracle.Size(Path.Combine(folder, "System.Private.CoreLib.dll")) < before);
    }

    [Fact]
    public void Against_self_contained_almost_nothing_is_left()
    {
        using TestProject app = ProfileSamples.Project("hello", withPackage: false);
        Assert.Equal(0, app.Dotnet("publish", "-c", "Release", "-r", "linux-x64", "--self-contained").Code);
        double selfContained = Oracle.DiskUsage(app.PathOf("bin/Release/net9.0/linux-x64/publish"));
        string binary = app.PathOf("packed");
        File.Copy(Path.Combine(samples.Publish("hello", "Embedded"), "hello"), binary);
        Tool.Run("upx", "-q", "-9", "--lzma", binary);
        Assert.InRange(Oracle.Size(binary) / selfContained, 0.0001, 0.006);
    }

    private static string BuildId(string file)
    {
        Match id = Regex.Match(Tool.Run("readelf", "-n", file), "Build ID: ([0-9a-f]+)");
        Assert.True(id.Success, file);
        return id.Groups[1].Value;
    }
}
