namespace BinarySize.Shrinking.Cuts;

/// <summary>Who takes a cut.</summary>
public enum CutCompiler
{
    /// <summary>The NativeAOT compiler (ILC).</summary>
    NativeAot,

    /// <summary>The trimmer (ILLink).</summary>
    Trimmer,
}

/// <summary>How a signature is written: the two compilers differ in what few signatures have.</summary>
internal enum SignatureStyle
{
    /// <summary>As the NativeAOT compiler does: no custom modifiers, arrays of two dimensions as [,], and nothing at all for a type parameter.</summary>
    NativeAot,

    /// <summary>As the trimmer does: with modifiers, arrays of two dimensions as [0...,0...].</summary>
    Trimmer,

    /// <summary>As people write it: as the first, with the names of type parameters.</summary>
    Written,

    /// <summary>The same with type parameters by position, so that a reference to a method can be compared with it.</summary>
    Positional,
}
