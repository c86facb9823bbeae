"""Which of PyTorch's operators and modules have no counterpart here, and why? Every other one."""

from __future__ import annotations

LEFT_OUT = {
    "complex numbers go in or come out, which are out of reach": """
        cdouble cfloat chalf complex imag istft linalg.eig linalg.eigvals polar stft view_as_complex
        view_as_real fft.fft fft.fft2 fft.fftn fft.hfft fft.hfft2 fft.hfftn fft.ifft fft.ifft2
        fft.ifftn fft.ihfft fft.ihfft2 fft.ihfftn fft.irfft fft.irfft2 fft.irfftn fft.rfft
        fft.rfft2 fft.rfftn""",
    "random numbers come out, which two libraries never share": """
        bernoulli cauchy exponential geometric log_normal multinomial
        nn.functional.alpha_dropout nn.functional.dropout nn.functional.dropout2d
        nn.functional.dropout3d nn.functional.feature_alpha_dropout
        nn.functional.fractional_max_pool2d nn.functional.fractional_max_pool3d
        nn.functional.multi_head_attention_forward nn.functional.rrelu
        nn.functional.scaled_dot_product_attention normal pca_lowrank rand_like randint
        randint_like randn randn_like svd_lowrank uniform""",
    "the result depends on shapes and settings only, so there is nothing to differentiate": """
        arange empty empty_like empty_permuted empty_strided eye full full_like linspace logspace
        new_empty new_empty_strided new_full new_ones new_zeros ones ones_like scalar_tensor
        signal.windows.bartlett signal.windows.blackman signal.windows.cosine
        signal.windows.exponential signal.windows.gaussian signal.windows.general_cosine
        signal.windows.general_hamming signal.windows.hamming signal.windows.hann
        signal.windows.kaiser signal.windows.nuttall zero_ zeros zeros_like""",
    "it is of integers, or has no samples in float64": """
        __rand__ __ror__ __rxor__ bincount bitwise_and bitwise_left_shift bitwise_not bitwise_or
        bitwise_right_shift bitwise_xor broadcast_shapes gcd lcm nn.functional.one_hot
        tril_indices triu_indices unravel_index""",
    "it is about memory, devices, sparse layouts or dtypes that NumPy's arrays have not": """
        as_strided as_strided_copy as_strided_scatter bfloat16 byte item resize_ resize_as_
        resolve_conj resolve_neg sparse.mm sparse.sampled_addmm to to_sparse""",
    "it is a part of PyTorch's own machinery, not a user's word": """
        _batch_norm_with_update _chunk_cat _native_batch_norm_legit _segment_reduce
        _softmax_backward_data _unsafe_masked_index _unsafe_masked_index_put_accumulate
        _upsample_bilinear2d_aa grid_sampler_2d grid_sampler_3d hash_tensor
        jiterator_2inputs_2outputs jiterator_4inputs_with_extra_args jiterator_binary
        jiterator_binary_return_by_ref jiterator_unary max_pool2d_with_indices_backward
        native_batch_norm native_dropout_backward torch._scaled_mm torch._scaled_mm_v2
        torch.ops.aten._efficient_attention_forward torch.ops.aten._flash_attention_forward
        torch.ops.aten._safe_softmax.default""",
    "PyTorch's own second derivative is wrong where it works in parts, as its pages warn": """
        nn.functional.linear_cross_entropy""",
    "nothing here does the same in a few calls": """
        geqrf histc histogram histogramdd index_reduce linalg.householder_product
        linalg.ldl_factor linalg.ldl_factor_ex linalg.ldl_solve linalg.lstsq linalg.lu
        linalg.lu_factor linalg.lu_factor_ex linalg.lu_solve lu lu_solve lu_unpack mode
        nn.functional.adaptive_avg_pool3d nn.functional.adaptive_max_pool3d nn.functional.ctc_loss
        nn.functional.embedding_bag nn.functional.grid_sample nn.functional.interpolate
        nn.functional.max_unpool1d nn.functional.max_unpool2d nn.functional.max_unpool3d
        nn.functional.multilabel_margin_loss nonzero_static ormqr
        scatter_reduce special.airy_ai special.chebyshev_polynomial_v
        special.chebyshev_polynomial_w special.shifted_chebyshev_polynomial_v
        special.shifted_chebyshev_polynomial_w unique_consecutive""",
}
MODULES_LEFT_OUT = {
    "images and sequences have two dimensions at most here; `mt.conv3d`, `mt.max_pool3d` and their "
    "kin are functions": """
        AdaptiveAvgPool3d AdaptiveMaxPool3d AvgPool3d BatchNorm3d Conv3d ConvTranspose3d
        InstanceNorm3d LPPool3d MaxPool3d""",
    "a layer says how wide it is when it is made": """
        LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d
        LazyConvTranspose3d""",
    "convolutions pad by themselves, and `np.pad` has every mode": """
        CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d
        ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d
        ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d""",
    "random numbers come out, which two libraries never share": """
        FractionalMaxPool2d FractionalMaxPool3d""",
    "a loss that few models need, and that a line of NumPy's words is": """
        HingeEmbeddingLoss MarginRankingLoss MultiLabelSoftMarginLoss PoissonNLLLoss
        SoftMarginLoss""",
    "few models need it": """
        Bilinear CTCLoss InstanceNorm1d InstanceNorm2d LPPool1d LPPool2d LinearCrossEntropyLoss
        LocalResponseNorm MultiLabelMarginLoss Softmax2d""",
    "nothing here attends to a second sequence by itself, as decoders do; `nn.MultiheadAttention` "
    "does": """
        Transformer TransformerDecoderLayer""",
}
LEFT_OUT_NAMES = {reason: sorted(names.split()) for reason, names in LEFT_OUT.items()}
MODULES_LEFT_OUT_NAMES = {
    reason: [f"nn.{name}" for name in sorted(names.split())]
    for reason, names in MODULES_LEFT_OUT.items()
}
