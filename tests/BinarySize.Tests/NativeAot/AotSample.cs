namespace BinarySize.Tests.NativeAot;

/// <summary>A NativeAOT app, published with everything that the compiler can say about it.</summary>
internal sealed class AotSample
{
    private AotSample(string app, string framework)
    {
        // Restore ignores a TargetFramework from the command line, so the list is what must be replaced.
        string[] target = framework == "net9.0" ? [] : [$"-p:TargetFrameworks={framework}", "-f", framework];
        string publish = Samples.Publish(app, ["-p:PublishAot=true", "-p:IlcGenerateMstatFile=true", "-p:IlcGenerateMetadataLog=true", "-p:IlcGenerateMapFile=true", .. target]);
        string native = Path.Combine(publish, "..", "obj", "Release", framework, "linux-x64", "native");
        Binary = Path.Combine(publish, app);
        Debug = Binary + ".dbg";
        Mstat = Path.Combine(native, app + ".mstat");
        MetadataLog = Path.Combine(native, app + ".metadata.csv");
        CompilerMap = Path.Combine(native, app + ".map.xml");
    }

    public string Binary { get; }

    public string Debug { get; }

    public string Mstat { get; }

    /// <summary>The compiler's list of metadata records, with their offsets.</summary>
    public string MetadataLog { get; }

    /// <summary>The compiler's list of what it made, by kind, name and length.</summary>
    public string CompilerMap { get; }

    public static AotSample Get(string app, string framework) => new(app, framework);
}
